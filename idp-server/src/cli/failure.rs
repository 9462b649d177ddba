//! Why a command did not do what it was asked to, and what to do next.

use std::path::PathBuf;

use idp_admin_api::Problem;

use super::language::{Language, Said, Text, text};
use super::reason_texts::{ReasonText, reason_text};

/// Why a command ended without success. Its exit status is part of the interface.
#[derive(Debug)]
pub enum Failure {
    /// The server refused; the problem says why and what helps.
    Refused(Box<Problem>),
    /// The command found that something does not hold; everything was reported already.
    Reported,
    /// A file, or the answer of the server, is not as it should be.
    Failed(Said),
    /// Wrong usage that the definition of the arguments could not rule out.
    Usage(Said),
    /// No server listens, and there is no store to work on directly.
    Unreachable {
        /// Where a server was looked for.
        socket: PathBuf,
        /// Why the store could not be opened instead.
        why: String,
    },
    /// The reader of the output went away: no reason to complain.
    OutputClosed,
}

impl Failure {
    /// The exit status: 0 for a closed output, 1 refused or failed, 2 usage, 3 unreachable.
    pub const fn status(&self) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::Refused(_) | Self::Reported | Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable { .. } => 3,
        }
    }

    /// Something is not as it should be.
    pub fn failed(said: impl Into<Said>) -> Self {
        Self::Failed(said.into())
    }

    /// Wrong usage.
    pub fn usage(said: impl Into<Said>) -> Self {
        Self::Usage(said.into())
    }

    /// A failure about a file.
    pub fn file(path: &std::path::Path, said: impl Into<Said>) -> Self {
        Self::Failed(said.into().about(&path.display()))
    }

    /// What is told, in lines; empty when there is nothing to say.
    pub fn lines(&self, language: Language) -> Vec<String> {
        let label = |label: Text, text: &str| format!("  {}: {text}", language.pick(label));
        match self {
            Self::Reported | Self::OutputClosed => Vec::new(),
            Self::Failed(message) => {
                let message = message.pick(language);
                vec![format!("{}: {message}", language.pick(FAILED))]
            }
            Self::Usage(message) => vec![
                format!("{}: {}", language.pick(USAGE), message.pick(language)),
                label(NEXT, language.pick(SEE_HELP)),
            ],
            Self::Unreachable { socket, why } => vec![
                format!("{} ({})", language.pick(NO_SERVER), socket.display()),
                format!("  {why}"),
                label(NEXT, language.pick(START_SERVER)),
            ],
            Self::Refused(problem) => {
                let text = reason_text(&problem.reason, language).unwrap_or_else(|| ReasonText {
                    rule: problem.title.clone(),
                    remedy: problem.remedy.clone(),
                });
                let mut lines = vec![format!(
                    "{}: {} ({})",
                    language.pick(REFUSED),
                    text.rule,
                    problem.reason
                )];
                let mut add = |name: Text, value: &Option<String>| {
                    lines.extend(value.as_ref().map(|value| label(name, value)));
                };
                add(DETAIL, &problem.detail);
                add(FIELD, &problem.field);
                let remedy = Some(text.remedy).filter(|remedy| !remedy.is_empty());
                add(NEXT, &remedy);
                add(
                    RETRY,
                    &problem.retry_after.map(|seconds| seconds.to_string()),
                );
                add(REQUEST, &problem.request_id);
                lines
            }
        }
    }
}

const FAILED: Text = text("lỗi", "error");
const USAGE: Text = text("dùng sai", "usage");
const REFUSED: Text = text("bị từ chối", "refused");
const DETAIL: Text = text("chi tiết", "detail");
const FIELD: Text = text("trường", "field");
const NEXT: Text = text("cách xử lý", "what to do");
const RETRY: Text = text("thử lại sau (giây)", "try again after (seconds)");
const REQUEST: Text = text("mã yêu cầu", "request");
const SEE_HELP: Text = text("xem `idp help <lệnh>`", "see `idp help <command>`");
const NO_SERVER: Text = text("không có máy chủ đang chạy", "no server is running");
const START_SERVER: Text = text(
    "chạy `idp serve --config FILE`, hoặc chỉ đúng --config hay --socket",
    "start one with `idp serve --config FILE`, or name the right --config or --socket",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_its_status_and_says_what_to_do() {
        let refused = Failure::Refused(Box::new(Problem {
            title: "The mail address is not well-formed.".to_owned(),
            reason: "mail_malformed".to_owned(),
            field: Some("mail".to_owned()),
            remedy: "Correct it.".to_owned(),
            ..Problem::default()
        }));
        assert_eq!(refused.status(), 1);
        let vietnamese = refused.lines(Language::Vi).join("\n");
        assert!(vietnamese.contains("Địa chỉ thư điện tử"), "{vietnamese}");
        assert!(!vietnamese.contains("Correct it"), "{vietnamese}");
        let lines = refused.lines(Language::En);
        assert_eq!(
            lines,
            [
                "refused: The mail address is not well-formed. (mail_malformed)",
                "  field: mail",
                "  what to do: Correct it.",
            ]
        );
        let unreachable = Failure::Unreachable {
            socket: PathBuf::from("data/admin.sock"),
            why: "the store is locked".to_owned(),
        };
        assert_eq!(unreachable.status(), 3);
        assert!(
            unreachable
                .lines(Language::Vi)
                .join("\n")
                .contains("idp serve")
        );
        assert_eq!(Failure::usage(String::new()).status(), 2);
        assert!(Failure::OutputClosed.lines(Language::Vi).is_empty());
    }
}
