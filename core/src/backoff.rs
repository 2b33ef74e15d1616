//! How long to wait before connecting again? Longer each time, and never as long as the others do.

/// The delay between two attempts to connect: it doubles from a least to a most, and is jittered (RFC 37: a peer SHOULD
/// reconnect after a randomised, growing interval, so that a restarted server is not met by all at once).
///
/// How far it has grown is the caller's to keep, as a step in milliseconds: 0 at first, and again after a success.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    least_ms: u32,
    most_ms: u32,
}

impl Backoff {
    /// From 100 milliseconds up to 10 seconds.
    pub const DEFAULT: Self = Self::new(100, 10_000);

    /// Delays from `least_ms` up to `most_ms` milliseconds; the least is at least 1, the most at least the least.
    pub const fn new(least_ms: u32, most_ms: u32) -> Self {
        let least_ms = if least_ms == 0 { 1 } else { least_ms };
        let most_ms = if most_ms < least_ms { least_ms } else { most_ms };
        Self { least_ms, most_ms }
    }

    /// The delay before the next attempt, in milliseconds: between half and the whole of the present step, as `random`
    /// says. The step grows.
    pub const fn next_ms(&self, step_ms: &mut u32, random: u32) -> u32 {
        let step = if *step_ms == 0 { self.least_ms } else { *step_ms };
        *step_ms = if step > self.most_ms / 2 { self.most_ms } else { step * 2 };
        let half = step / 2;
        // A product of two 32-bit numbers, shifted: no division.
        step - half + ((random as u64 * half as u64) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;

    #[test]
    fn delays_double_up_to_the_most_and_start_over_after_a_success() {
        let (backoff, mut step_ms) = (Backoff::new(100, 1000), 0);
        assert_eq!([(); 6].map(|()| backoff.next_ms(&mut step_ms, u32::MAX)), [99, 199, 399, 799, 999, 999]);
        step_ms = 0;
        assert_eq!(backoff.next_ms(&mut step_ms, 0), 50);
    }

    #[test]
    fn a_delay_is_between_half_and_the_whole_of_its_step() {
        for random in [0, 1, u32::MAX / 2, u32::MAX] {
            assert!((50..=100).contains(&Backoff::new(100, 100).next_ms(&mut 0, random)));
        }
    }

    #[test]
    fn no_limit_makes_it_spin_or_overflow() {
        assert_eq!(Backoff::new(0, 0).next_ms(&mut 0, 0), 1);
        let (long, mut step_ms) = (Backoff::new(u32::MAX, 0), 0);
        assert!(long.next_ms(&mut step_ms, 0) > 0 && long.next_ms(&mut step_ms, u32::MAX) > 0);
    }
}
