//! What a closed list of reasons has to say of each entry.
//!
//! Decides nothing. Each list (why an address is refused, why a pool is passed over, what is wrong with an object …) lies in
//! the room that gives the reason; here is the shape that they share, so that conditions, events, commands and the table
//! in `docs/reasons.md` say the same.

/// One entry of a closed list, whatever the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The one word for it in conditions, events, metrics, logs and commands.
    pub word: &'static str,
    /// The rule behind it, in one sentence.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Reason {
    /// The line that people read: the word, what is the matter in this case, and what to do.
    pub fn line(&self, matter: &str) -> String {
        format!("{}: {matter}; {}", self.word, self.remedy)
    }
}

/// A row of the table that users read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The entry.
    pub reason: Reason,
    /// What is said in one case.
    pub example: String,
}

/// Writes `reason`, which tells the entry of a value, `examples`, which holds one value of each entry, and `rows`: the match
/// is exhaustive and each arm brings its example along, so that no entry can be without one. What is the matter with a
/// value is told by its own `sentence`.
macro_rules! reasons {
    ($($pattern:pat => $word:literal, $meaning:literal, $remedy:literal, $example:expr;)+) => {
        /// The entry of the closed list.
        pub const fn reason(&self) -> $crate::reason::Reason {
            match self {
                $($pattern => $crate::reason::Reason { word: $word, meaning: $meaning, remedy: $remedy },)+
            }
        }

        /// One value of each entry, in the order in which they are told.
        pub fn examples() -> Vec<Self> {
            vec![$($example),+]
        }

        /// The list as a table.
        pub fn rows() -> Vec<$crate::reason::Row> {
            let row = |example: &Self| $crate::reason::Row {
                reason: example.reason(),
                example: example.sentence().to_string(),
            };
            Self::examples().iter().map(row).collect()
        }
    };
}
pub(crate) use reasons;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_opens_with_the_word_and_ends_with_the_remedy() {
        let reason = Reason { word: "NoPools", meaning: "none", remedy: "create one" };
        assert_eq!(reason.line("there is no pool"), "NoPools: there is no pool; create one");
    }
}
