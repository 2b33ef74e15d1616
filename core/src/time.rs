//! What time is it? The caller says: nothing in this crate reads a clock.

/// A moment, in milliseconds from an origin that the caller chose.
///
/// It wraps after 49.7 days; two moments are comparable while they are less than 24.8 days apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Instant {
    ms: u32,
}

impl Instant {
    /// The moment `ms` milliseconds after the origin, modulo 2^32.
    pub const fn from_ms(ms: u32) -> Self {
        Self { ms }
    }

    /// Milliseconds since the origin, modulo 2^32.
    pub const fn as_ms(self) -> u32 {
        self.ms
    }

    /// The moment `ms` milliseconds later; at most 2^31 - 1 of them count.
    pub const fn after_ms(self, ms: u32) -> Self {
        let ms = if ms > i32::MAX as u32 { i32::MAX as u32 } else { ms };
        Self { ms: self.ms.wrapping_add(ms) }
    }

    /// Whether this moment has come when it is `now`.
    pub const fn has_come(self, now: Self) -> bool {
        now.ms.wrapping_sub(self.ms) as i32 >= 0
    }

    /// Milliseconds from `now` until this moment, 0 when it has come.
    pub const fn ms_from(self, now: Self) -> u32 {
        if self.has_come(now) { 0 } else { self.ms.wrapping_sub(now.ms) }
    }

    /// The earlier of two moments that may not be set.
    #[cfg_attr(not(feature = "alloc"), inline(never))]
    pub fn earlier(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if one.has_come(other) { one } else { other }),
            (one, other) => one.or(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Instant;

    #[test]
    fn moments_compare_across_the_wrap() {
        let before = Instant::from_ms(u32::MAX - 5);
        let after = before.after_ms(10);
        assert_eq!(after.as_ms(), 4);
        assert!(before.has_come(after) && !after.has_come(before) && after.has_come(after));
        assert_eq!(after.ms_from(before), 10);
        assert_eq!(before.ms_from(after), 0);
        assert_eq!(Instant::earlier(Some(after), Some(before)), Some(before));
        assert_eq!(Instant::earlier(None, Some(after)), Some(after));
        assert_eq!(Instant::earlier(None, None), None);
    }
}
