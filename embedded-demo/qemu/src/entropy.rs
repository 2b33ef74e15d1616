//! Where does chance come from on a board that has no source of it?
//!
//! From the moments at which frames arrive, in steps of 80 ns, spread by an xorshift. That is enough to keep nodes that
//! reconnect apart and to vary TCP's ports and sequence numbers between two starts. It is no base for encryption:
//! whoever knows the moments knows what follows, and two starts may begin alike.

/// A small generator that is stirred by what happens.
pub(crate) struct Entropy {
    /// Never 0, which an xorshift does not leave.
    state: u32,
}

impl Entropy {
    /// A generator that begins with this; any value will do.
    pub(crate) const fn new(seed: u32) -> Self {
        let mut entropy = Self { state: FALLBACK };
        entropy.stir(seed);
        entropy
    }

    /// Lets this change all that follows.
    pub(crate) const fn stir(&mut self, chance: u32) {
        // Multiplied, so that small differences reach the upper bits as well.
        let stirred = self.state ^ chance.wrapping_mul(SPREAD);
        self.state = if stirred == 0 { FALLBACK } else { stirred };
        self.next();
    }

    /// Fills all of it with chance.
    pub(crate) fn fill(&mut self, octets: &mut [u8]) {
        for octets in octets.chunks_mut(4) {
            octets.copy_from_slice(self.next().to_le_bytes().get(..octets.len()).unwrap_or_default());
        }
    }

    /// The next 32 bits. (xorshift32: Marsaglia, "Xorshift RNGs", 2003.)
    const fn next(&mut self) -> u32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        self.state
    }
}

/// An odd number near 2^32 divided by the golden ratio.
const SPREAD: u32 = 0x9E37_79B9;

const FALLBACK: u32 = 0x2545_F491;

#[cfg(test)]
mod tests {
    use super::{Entropy, FALLBACK, SPREAD};

    #[test]
    fn the_sequence_is_marsaglias() {
        let mut entropy = Entropy { state: 1 };
        assert_eq!([entropy.next(), entropy.next()], [270_369, 67_634_689]);
    }

    #[test]
    fn every_octet_is_filled() {
        for len in 0..10 {
            let (mut one, mut other) = (vec![0; len + 1], vec![0; len + 1]);
            let mut entropy = Entropy::new(1);
            entropy.fill(&mut one[..len]);
            // Again and again, for chance itself may be 0.
            (0..20).for_each(|_| {
                entropy.fill(&mut other[..len]);
                one.iter_mut().zip(&other).for_each(|(one, other)| *one |= other);
            });
            assert!(one[..len].iter().all(|octet| *octet != 0) && one[len] == 0, "{one:?}");
        }
    }

    #[test]
    fn nearby_seeds_go_apart() {
        let first: Vec<u32> = (0..1_000).map(|seed| Entropy::new(seed).next()).collect();
        let differing: u32 = first.windows(2).map(|pair| (pair[0] ^ pair[1]).count_ones()).sum();
        assert!((10..22).contains(&(differing / 999)), "{differing}");
    }

    #[test]
    fn no_seed_makes_it_stand_still() {
        // The seed whose product is the fallback itself: it would stir the state to 0.
        let inverse = (0..5).fold(SPREAD, |x, _| x.wrapping_mul(2_u32.wrapping_sub(SPREAD.wrapping_mul(x))));
        let mut entropy = Entropy::new(inverse.wrapping_mul(FALLBACK));
        assert!(entropy.state != 0 && entropy.next() != 0);
    }
}
