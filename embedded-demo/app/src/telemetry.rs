//! When does the node publish, and which values? Made up, for there is no sensor: they are easy to check, and move.

use crate::text::Text;
use zeptomq_core::time::Instant;

/// The shortest period of the telemetry, in milliseconds.
pub const PERIOD_LEAST_MS: u32 = 10;
/// The longest period of the telemetry, in milliseconds.
pub const PERIOD_MOST_MS: u32 = 60_000;

/// The schedule, and what the load is computed from.
#[derive(Debug)]
pub(crate) struct Telemetry {
    period_ms: u32,
    pace: Pace,
    /// When the values before these were made, and how many messages the node had handled by then.
    before: Option<(Instant, u32)>,
}

#[derive(Clone, Copy, Debug)]
enum Pace {
    Quiet,
    Loud { due: Option<Instant> },
}

/// A value as its message says it.
pub(crate) type Value = Text<10>;

impl Telemetry {
    pub(crate) const NEW: Self = Self { period_ms: PERIOD_DEFAULT_MS, pace: Pace::Loud { due: None }, before: None };

    /// From now on, one every so many milliseconds.
    pub(crate) fn pace(&mut self, period_ms: u32, now: Instant) {
        self.period_ms = period_ms;
        if let Pace::Loud { due } = &mut self.pace {
            *due = Some(now.after_ms(period_ms));
        }
    }

    pub(crate) fn silence(&mut self) {
        self.pace = Pace::Quiet;
    }

    pub(crate) fn resume(&mut self) {
        if let Pace::Quiet = self.pace {
            self.pace = Pace::Loud { due: None };
        }
    }

    /// When there is something to publish; `None` while it is quiet.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        match self.pace {
            Pace::Quiet => None,
            Pace::Loud { due } => Some(due.unwrap_or(now)),
        }
    }

    /// Temperature and load, if it is time for them. `handled` counts the messages of the node.
    pub(crate) fn poll(&mut self, handled: u32, up_ms: u32, now: Instant) -> Option<(Value, Value)> {
        let due = self.due(now).filter(|due| due.has_come(now))?;
        // Who was kept from it for long goes on from here, and does not catch up.
        let next = due.after_ms(self.period_ms);
        let next = if next.has_come(now) { now.after_ms(self.period_ms) } else { next };
        self.pace = Pace::Loud { due: Some(next) };

        let (mut temperature, mut load) = (Text::EMPTY, Text::EMPTY);
        temperature.put_tenths(temperature_tenths(up_ms));
        load.put_number(self.load(handled, now));
        self.before = Some((now, handled));
        Some((temperature, load))
    }

    /// Messages per second since the last time.
    fn load(&self, handled: u32, now: Instant) -> u32 {
        let Some((then, before)) = self.before else { return 0 };
        let messages = handled.wrapping_sub(before);
        messages.saturating_mul(1000).checked_div(now.ms_from(then)).unwrap_or(0)
    }
}

/// Tenths of a degree: a triangle that rises from 18.0 to 24.0 in a minute and falls back in the next.
const fn temperature_tenths(up_ms: u32) -> u32 {
    let second = up_ms / 1000 % 120;
    180 + if second < 60 { second } else { 120 - second }
}

const PERIOD_DEFAULT_MS: u32 = 100;

#[cfg(test)]
mod tests {
    use super::{Telemetry, temperature_tenths};
    use std::string::String;
    use std::vec::Vec;
    use zeptomq_core::time::Instant;

    /// The moments of a second at which there was something, polled every millisecond but for a gap.
    fn moments(telemetry: &mut Telemetry, from: u32, gap: core::ops::Range<u32>) -> Vec<u32> {
        let polled = (from..from + 1000).filter(|ms| !gap.contains(ms));
        polled.filter(|ms| telemetry.poll(0, *ms, Instant::from_ms(*ms)).is_some()).collect()
    }

    #[test]
    fn it_comes_every_period_and_does_not_catch_up() {
        let mut telemetry = Telemetry::NEW;
        assert_eq!(moments(&mut telemetry, 0, 0..0), [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
        telemetry.pace(250, Instant::from_ms(1000));
        assert_eq!(moments(&mut telemetry, 1001, 0..0), [1250, 1500, 1750, 2000]);
        telemetry.pace(100, Instant::from_ms(2000));
        assert_eq!(moments(&mut telemetry, 2001, 2050..2730), [2730, 2830, 2930]);
    }

    #[test]
    fn it_is_quiet_until_it_is_loud_again_at_its_old_pace() {
        let mut telemetry = Telemetry::NEW;
        telemetry.pace(400, Instant::from_ms(0));
        telemetry.silence();
        assert_eq!(telemetry.due(Instant::from_ms(500)), None);
        assert!(moments(&mut telemetry, 0, 0..0).is_empty());
        telemetry.resume();
        assert_eq!(moments(&mut telemetry, 1000, 0..0), [1000, 1400, 1800]);
        telemetry.resume();
        assert_eq!(moments(&mut telemetry, 2000, 0..0), [2200, 2600]);
    }

    #[test]
    fn the_temperature_is_a_triangle_and_the_load_is_messages_per_second() {
        assert_eq!(
            [0, 30_000, 60_000, 90_000, 119_999, 120_000].map(temperature_tenths),
            [180, 210, 240, 210, 181, 180]
        );
        let mut telemetry = Telemetry::NEW;
        let mut values = |handled, ms| {
            let (temperature, load) = telemetry.poll(handled, ms, Instant::from_ms(ms)).unwrap();
            [temperature, load].map(|value| String::from_utf8(value.octets().to_vec()).unwrap())
        };
        assert_eq!(values(u32::MAX, 0), ["18.0", "0"]);
        assert_eq!(values(24, 1000), ["18.1", "25"]);
        assert_eq!(values(34, 1100), ["18.1", "100"]);
    }
}
