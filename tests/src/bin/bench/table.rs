//! The answer: what, goal, measured, beside it.

/// Rows in the order they were measured.
#[derive(Default)]
pub struct Table(Vec<[String; 4]>);

impl Table {
    /// One more row, told at once on standard error, because a run takes minutes.
    #[allow(clippy::print_stderr)] // progress of a program for people
    pub fn row(&mut self, what: &str, goal: &str, measured: impl Into<String>, beside: impl Into<String>) {
        let row = [what.to_owned(), goal.to_owned(), measured.into(), beside.into()];
        eprintln!("{}", line(&row));
        self.0.push(row);
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let head = ["what", "goal", "measured", "beside it"].map(str::to_owned);
        let rule = ["---", "---", "---", "---"].map(str::to_owned);
        [head, rule].iter().chain(&self.0).map(|row| line(row) + "\n").collect()
    }
}

fn line(row: &[String; 4]) -> String {
    format!("| {} |", row.join(" | "))
}
