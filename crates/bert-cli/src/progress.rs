//! How far a long run is, on stderr: a bar on a terminal, a line every ten seconds otherwise, or JSON lines.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::ProgressMode;
use crate::output::remark;

const LINE_EVERY: Duration = Duration::from_secs(10);

pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
    json: bool,
    start: Instant,
    last: Instant,
    rows: u64,
    tokens: u64,
}

impl Progress {
    pub(crate) fn new(mode: ProgressMode, quiet: bool, total: Option<u64>) -> Self {
        let shown = mode != ProgressMode::Never && !quiet;
        let bar = (shown && mode == ProgressMode::Auto && std::io::stderr().is_terminal()).then(|| bar(total));
        let now = Instant::now();
        Progress {
            lines: shown && bar.is_none(),
            json: mode == ProgressMode::Json,
            bar,
            start: now,
            last: now,
            rows: 0,
            tokens: 0,
        }
    }

    pub(crate) fn advance(&mut self, rows: usize, tokens: usize) {
        self.rows += rows as u64;
        self.tokens += tokens as u64;
        if let Some(bar) = &self.bar {
            bar.set_position(self.rows);
            bar.set_message(format!("{:.0} tokens/s", self.per_second(self.tokens)));
        } else if self.lines && self.last.elapsed() >= LINE_EVERY {
            self.last = Instant::now();
            self.line();
        }
    }

    fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.start.elapsed().as_secs_f64().max(1e-9)
    }

    fn line(&self) {
        let (rows, tokens) = (self.per_second(self.rows), self.per_second(self.tokens));
        if self.json {
            remark(&format!(
                "{{\"rows\":{},\"rows_per_second\":{rows:.1},\"tokens_per_second\":{tokens:.0}}}",
                self.rows
            ));
        } else {
            remark(&format!("{} rows  {rows:.0} rows/s  {tokens:.0} tokens/s", self.rows));
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(n) => (
            ProgressBar::new(n),
            "[{bar:20}] {percent:>3} %  {human_pos} / {human_len} rows  {per_sec}  {msg}  ETA {eta}",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {human_pos} rows  {per_sec}  {msg}"),
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style.progress_chars("##."))
}
