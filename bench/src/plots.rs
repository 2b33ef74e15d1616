//! Draws a run: for each group of cases one SVG, with a panel for each case and a bar for each peer.

use std::fmt::Write;
use std::path::Path;
use std::{fmt, fs};

use crate::arguments::Plan;
use crate::case::{Case, Group, Kind};
use crate::repetitions::Record;
use crate::statistics::Spread;
use crate::summary::{Summary, Value, p50_us, rate, set_up_ms, short};

/// Writes the plots of all groups that were measured into a folder.
pub(crate) fn write(plan: &Plan, record: &Record, folder: &Path) -> Result<(), String> {
    let failed = |error| format!("write plots to {}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    for group in Group::ALL {
        let cases = || plan.cases.iter().copied().filter(|case| case.group() == group);
        let Some(anchor) = cases().next().map(Case::anchor) else { continue };
        let panels: Vec<Panel> = cases()
            .flat_map(|case| measures(case).into_iter().map(move |measure| Panel::of(plan, record, case, measure)))
            .collect();
        let file = folder.join(format!("{}.svg", group.file()));
        fs::write(file, svg(group, anchor, &panels)).map_err(failed)?;
    }
    Ok(())
}

/// What is drawn of a case, and in which unit.
fn measures(case: Case) -> Vec<(&'static str, Value)> {
    match case.kind {
        Kind::Conns => vec![
            ("messages/s", rate as Value),
            ("set-up in ms, less is better", set_up_ms),
            ("KiB a connection, PUSH, less is better", |outcome| Some(outcome.set_up()?.rss_kib[0])),
            ("KiB a connection, PULL, less is better", |outcome| Some(outcome.set_up()?.rss_kib[1])),
        ],
        _ if case.is_timed() => vec![("median in µs, less is better", p50_us)],
        Kind::Pub | Kind::PubDrop => vec![("deliveries/s", rate)],
        Kind::Flight => vec![("replies/s", rate)],
        _ => vec![("messages/s", rate)],
    }
}

/// One case, or one side of it.
struct Panel {
    title: String,
    bars: Vec<Bar>,
}

/// One peer at one case.
struct Bar {
    peer: &'static str,
    /// None when every repetition failed.
    value: Option<Spread>,
    /// What stands beside it.
    text: String,
}

impl Panel {
    fn of(plan: &Plan, record: &Record, case: Case, (unit, of): (&str, Value)) -> Self {
        let bar = |peer: &'static str| {
            let summary = Summary::of(record, case, peer)?;
            let value = summary.seen(of);
            let mut text = value.map_or_else(|| String::from("failed"), |spread| short(spread.median));
            if let Some(ratio) = summary.ratio(of) {
                let _ = write!(text, " · {:.2}×", ratio.median);
            }
            if let Some(lost) = summary.seen(|outcome| outcome.lost()) {
                let _ = write!(text, ", {:.0} % lost", lost.median * 100.0);
            }
            if let (failed, of) = summary.failed()
                && failed > 0
                && failed < of
            {
                let _ = write!(text, ", {failed}/{of} failed");
            }
            Some(Bar { peer, value, text })
        };
        Self { title: format!("{case}: {unit}"), bars: plan.peers.iter().filter_map(|peer| bar(peer.name)).collect() }
    }

    fn height(&self) -> usize {
        TITLE_HEIGHT + self.bars.len() * BAR_PITCH + GAP
    }

    /// What a full bar stands for: the greatest of the libraries, for what no library costs may be far beyond.
    fn scale(&self) -> f64 {
        let greatest = |raw: bool| {
            let bars = self.bars.iter().filter(|bar| raw || !bar.is_raw());
            bars.filter_map(|bar| bar.value).map(|value| value.max).fold(0.0, f64::max)
        };
        let libraries = greatest(false);
        if libraries > 0.0 { libraries } else { greatest(true).max(f64::MIN_POSITIVE) }
    }

    fn draw(&self, out: &mut String, left: usize, top: usize) -> fmt::Result {
        writeln!(out, r#"<text x="{left}" y="{}" class="t">{}</text>"#, top + 13, escaped(&self.title))?;
        let scale = self.scale();
        for (at, bar) in self.bars.iter().enumerate() {
            bar.draw(out, left, top + TITLE_HEIGHT + at * BAR_PITCH, scale)?;
        }
        Ok(())
    }
}

impl Bar {
    fn is_raw(&self) -> bool {
        self.peer.starts_with("raw")
    }

    fn color(&self) -> &'static str {
        match self.peer {
            peer if peer.starts_with("zeptomq") => "#2563eb",
            peer if peer.starts_with("libzmq") => "#d97706",
            _ if self.is_raw() => "#9ca3af",
            _ => "#5b8c7b",
        }
    }

    fn draw(&self, out: &mut String, left: usize, top: usize, scale: f64) -> fmt::Result {
        let (bars_at, text_y) = (left + NAME_WIDTH, top + 11);
        writeln!(out, r#"<text x="{}" y="{text_y}" class="n">{}</text>"#, bars_at - 6, escaped(self.peer))?;
        let Some(value) = self.value else {
            return writeln!(out, r#"<text x="{bars_at}" y="{text_y}" class="f">{}</text>"#, escaped(&self.text));
        };
        let x = |value: f64| bars_at as f64 + (value / scale).min(1.0) * BAR_WIDTH as f64;
        let (end, least, most) = (x(value.median), x(value.min), x(value.max));
        let (width, color, middle) = (end - bars_at as f64, self.color(), top + BAR_HEIGHT / 2 + 1);
        writeln!(
            out,
            r#"<rect x="{bars_at}" y="{}" width="{width:.1}" height="{BAR_HEIGHT}" fill="{color}"/>"#,
            top + 1
        )?;
        writeln!(out, r##"<path d="M{least:.1} {middle}H{most:.1}" stroke="#111827"/>"##)?;
        let cut_off = if value.median > scale { "» " } else { "" };
        let text_x = bars_at + BAR_WIDTH + 6;
        writeln!(out, r#"<text x="{text_x}" y="{text_y}">{cut_off}{}</text>"#, escaped(&self.text))
    }
}

fn svg(group: Group, anchor: &str, panels: &[Panel]) -> String {
    // Into the shorter column each time, in reading order where they are alike.
    let mut body = String::new();
    let mut ends = [HEAD_HEIGHT; 2];
    for panel in panels {
        let column = usize::from(ends[1] < ends[0]);
        let _ = panel.draw(&mut body, MARGIN + column * COLUMN_WIDTH, ends[column]);
        ends[column] += panel.height();
    }
    let (width, height) = (2 * COLUMN_WIDTH + MARGIN, ends[0].max(ends[1]) + FOOT_HEIGHT);
    let (title, foot) = (escaped(group.title()), height - 8);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">
<style>text{{fill:#111827}}.h{{font-size:16px;font-weight:bold}}.t{{font-weight:bold}}.n{{text-anchor:end}}.f{{fill:#b91c1c}}</style>
<rect width="{width}" height="{height}" rx="6" fill="#ffffff"/>
<text x="{MARGIN}" y="24" class="h">{title}</text>
{body}<text x="{MARGIN}" y="{foot}">Bars: medians; lines: least to greatest; ×: to {anchor}, within each repetition; »: raw TCP, cut off.</text>
</svg>
"##
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const MARGIN: usize = 16;
const HEAD_HEIGHT: usize = 40;
const FOOT_HEIGHT: usize = 24;
const COLUMN_WIDTH: usize = 470;
const TITLE_HEIGHT: usize = 19;
const NAME_WIDTH: usize = 100;
const BAR_WIDTH: usize = 210;
const BAR_HEIGHT: usize = 12;
const BAR_PITCH: usize = 16;
const GAP: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(peer: &'static str, median: f64) -> Bar {
        let value = Some(median).filter(|median| *median > 0.0);
        let value = value.map(|median| Spread { median, min: median * 0.5, max: median * 2.0 });
        Bar { peer, value, text: String::from("a < b") }
    }

    #[test]
    fn a_bar_is_as_long_as_its_value_and_raw_is_cut_off() {
        let panel = Panel {
            title: String::from("push16"),
            bars: vec![bar("zeptomq", 50.0), bar("raw-tokio", 1000.0), bar("x", 0.0)],
        };
        assert_eq!(panel.scale(), 100.0);
        let text = svg(Group::Push, "libzmq", &[panel]);
        assert!(text.contains(&format!(r#"width="{}.0""#, BAR_WIDTH / 2)), "{text}");
        assert!(text.contains(&format!(r#"width="{BAR_WIDTH}.0""#)) && text.contains("» a &lt; b"), "{text}");
        assert!(text.contains(r#"class="f">a &lt; b"#), "{text}");
    }
}
