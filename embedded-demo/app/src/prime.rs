//! Is a number prime?

/// Whether `n` is prime: exact for every `n`, by at most 21,845 divisions of 32 bits.
pub const fn is_prime(n: u32) -> bool {
    if n < 4 {
        return n > 1;
    }
    if n.is_multiple_of(2) || n.is_multiple_of(3) {
        return false;
    }
    // All primes above 3 are one below or above a multiple of 6; none above the root of 2^32 need be tried.
    let mut divisor: u32 = 5;
    while divisor < 1 << 16 && divisor * divisor <= n {
        if n.is_multiple_of(divisor) || n.is_multiple_of(divisor + 2) {
            return false;
        }
        divisor += 6;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_prime;
    use std::vec;

    #[test]
    fn it_agrees_with_a_sieve() {
        const END: usize = 1_000_000;
        let mut sieve = vec![true; END];
        (sieve[0], sieve[1]) = (false, false);
        for step in (2..END).take_while(|step| step * step < END) {
            if sieve[step] {
                (step * step..END).step_by(step).for_each(|multiple| sieve[multiple] = false);
            }
        }
        for (n, prime) in (0u32..).zip(sieve) {
            assert_eq!(is_prime(n), prime, "{n}");
        }
    }

    #[test]
    fn the_largest_numbers_are_judged_right() {
        let primes = [4_294_967_291, 4_294_967_279, 4_294_967_231, 4_294_967_197, 4_294_967_189];
        for n in 4_294_967_189..=u32::MAX {
            assert_eq!(is_prime(n), primes.contains(&n), "{n}");
        }
        // Squares and products of the largest primes below 2^16.
        for (one, other) in
            [(65_521, 65_521), (65_521, 65_519), (65_519, 65_519), (2, 2_147_483_647), (3, 1_431_655_757)]
        {
            assert!(!is_prime(one * other), "{one} * {other}");
        }
    }
}
