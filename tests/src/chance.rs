//! Where does chance come from that is the same in each run? From a seed (splitmix64).

use std::ops::Range;

/// Numbers from a seed.
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// Any number.
    pub const fn draw(&mut self) -> u64 {
        let drawn = mix(self.0);
        self.0 = self.0.wrapping_add(STEP);
        drawn
    }

    /// A number of the range.
    pub const fn of(&mut self, range: Range<u64>) -> u64 {
        range.start + self.draw() % (range.end - range.start)
    }

    /// Whether it happens that happens so often in a thousand times.
    pub const fn per_mille(&mut self, often: u64) -> bool {
        self.of(0..1000) < often
    }

    /// What a stranger may say: up to a thousand octets, of which half begin as a frame may.
    pub fn babble(&mut self) -> Vec<u8> {
        let len = 1 + self.draw() % 1000;
        let first = [0, 1, 2, 3, 4, 6, 0x80, 0xff][self.draw() as usize % 8];
        let mut octets: Vec<u8> = (0..len).map(|_| self.draw() as u8).collect();
        octets[0] = first;
        octets
    }
}

/// A permutation of 64 bits.
pub const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(STEP);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
