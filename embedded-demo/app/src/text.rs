//! How does a board write a text without the machinery of `core::fmt`?

/// A text of at most `LEN` octets. What does not fit is left out, piece by piece: lengths are chosen so that all fits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text<const LEN: usize>(heapless::Vec<u8, LEN>);

impl<const LEN: usize> Text<LEN> {
    pub(crate) const EMPTY: Self = Self(heapless::Vec::new());

    pub(crate) fn octets(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn put(&mut self, piece: &[u8]) -> &mut Self {
        let _ = self.0.extend_from_slice(piece);
        self
    }

    pub(crate) fn put_number(&mut self, number: u32) -> &mut Self {
        let mut digits = [b'0'; DIGITS_MAX];
        let (mut rest, mut first) = (number, DIGITS_MAX);
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            *digit += (rest % 10) as u8;
            rest /= 10;
            first = place;
            if rest == 0 {
                break;
            }
        }
        self.put(digits.get(first..).unwrap_or_default())
    }

    /// The number divided by ten, with one digit behind the point.
    pub(crate) fn put_tenths(&mut self, tenths: u32) -> &mut Self {
        self.put_number(tenths / 10).put(b".").put_number(tenths % 10)
    }
}

/// The digits of 2^32 - 1.
const DIGITS_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        for number in [0, 7, 10, 99, 100, 1_000_000_000, u32::MAX] {
            assert_eq!(Text::<10>::default().put_number(number).octets(), std::format!("{number}").as_bytes());
        }
        assert_eq!(Text::<8>::default().put(b"t=").put_tenths(215).octets(), b"t=21.5");
    }

    #[test]
    fn what_does_not_fit_is_left_out_whole() {
        assert_eq!(Text::<4>::default().put(b"abc").put_number(10).put(b"d").octets(), b"abcd");
    }
}
