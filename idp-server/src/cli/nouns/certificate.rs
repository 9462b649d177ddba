//! `idp certificate`.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_admin_api::certificate::{
    CertificateVerdict, CertificateVerification, VerificationDetail, VerificationStep,
};
use idp_core::base::time::Timestamp;
use idp_core::trust::SIGNS_IN;
use idp_core::trust::explain::{Explanation, Presented};
use idp_core::trust::offline::{self, Files};

use crate::cli::args::{CertificateCommand, Format, VerifyArgs};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::file::read_bounded;
use crate::cli::language::{Said, Text, text};
use crate::cli::output::{Column, Output, Style, column};
use crate::cli::rejection_texts::rejection_text;
use crate::http::verdict;
use crate::outside::clock::Clock;

/// The largest certificate or signature.
const MOST_PRESENTED: u64 = 256 * 1024;
/// The largest content.
const MOST_CONTENT: u64 = 16 * 1024 * 1024;
/// The largest file of authorities, lists or answers.
const MOST_EVIDENCE: u64 = 128 * 1024 * 1024;

const VERDICT: &[Column<CertificateVerdict>] = &[
    column("good", text("Có giá trị", "Counts"), |v, s| {
        let word = if v.good { YES } else { NO };
        match s.format {
            Format::Table => s.language.pick(word).to_owned(),
            _ => v.good.to_string(),
        }
    }),
    column("reason", text("Vì sao không", "Why not"), |v, s| {
        told(v.reason.as_ref(), *s)
    }),
    column("section", text("Quy định", "Section"), |v, _| {
        v.section.clone().unwrap_or_default()
    }),
    column("anchor", text("CA được tin", "Trusted by"), |v, _| {
        v.anchor.clone().unwrap_or_default()
    }),
    column(
        "status_at",
        text("Biết còn tốt lúc", "Known good at"),
        |v, s| s.time_if(v.status_at.as_ref()),
    ),
    column("at", text("Xét tại", "As of"), |v, s| s.time(&v.at)),
];

const STEPS: &[Column<VerificationStep>] = &[
    column("step", text("Bước", "Step"), |step, s| {
        named(STEP_NAMES, &step.step, *s)
    }),
    column("holds", text("Đúng", "Holds"), |step, s| match s.format {
        Format::Table if !step.holds => "✗".to_owned(),
        _ => s.flag(step.holds),
    }),
    column("reason", text("Vì sao không", "Why not"), |step, s| {
        told(step.reason.as_ref(), *s)
    }),
    column("section", text("Quy định", "Section"), |step, _| {
        step.section.clone().unwrap_or_default()
    }),
    column("details", text("Chi tiết", "Details"), |step, s| {
        s.several(step.details.iter().map(|detail| seen(detail, *s)))
    }),
];

pub(super) async fn run(
    command: CertificateCommand,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let CertificateCommand::Verify(args) = command;
    let content = args
        .content
        .as_deref()
        .map(|path| read_bounded(path, MOST_CONTENT));
    let asked = CertificateVerification {
        certificate: STANDARD.encode(read_bounded(&args.file, MOST_PRESENTED)?),
        content: content.transpose()?.map(|octets| STANDARD.encode(octets)),
        at: args.at.clone(),
    };
    let verdict = context.api.verify_certificate(&asked).await?;
    write(&verdict, args.explain, context.output)
}

/// By files alone.
///
/// # Errors
/// What cannot be read; [`Failure::Reported`] when it counts for nothing.
pub fn offline(args: &VerifyArgs, output: &mut Output) -> Result<(), Failure> {
    let at = match args.at.as_deref() {
        Some(text) => time(text)?,
        None => Clock::system().now(),
    };
    let presented = read_bounded(&args.file, MOST_PRESENTED)?;
    let content = args
        .content
        .as_deref()
        .map(|path| read_bounded(path, MOST_CONTENT));
    let content = content.transpose()?;
    let explanation = explained(args, &presented, content.as_deref(), at)?;
    write(&verdict::verdict(&explanation, at), args.explain, output)
}

fn explained(
    args: &VerifyArgs,
    presented: &[u8],
    content: Option<&[u8]>,
    at: Timestamp,
) -> Result<Explanation, Failure> {
    let files = Files {
        anchors: &all(&args.anchor)?,
        intermediates: &all(&args.intermediate)?,
        lists: &all(&args.crl)?,
        answers: &all(&args.ocsp)?,
    };
    let (trust, evidence) = offline::read(files).map_err(|why| {
        let name = why.reason();
        Failure::failed(Said::new(
            rejection_text(&name).unwrap_or(name.as_str()),
            format!("{why} ({})", why.section()),
        ))
    })?;
    let read = Presented::read(presented, content);
    let found = read.and_then(|read| read.find(&trust, &SIGNS_IN, at));
    Ok(match found {
        Ok(judged) => judged.conclude(&evidence, at),
        Err(explanation) => explanation,
    })
}

fn all(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    let read = |path: &PathBuf| read_bounded(Path::new(path), MOST_EVIDENCE);
    paths.iter().map(read).collect()
}

fn time(text: &str) -> Result<Timestamp, Failure> {
    let read = chrono::DateTime::parse_from_rfc3339(text);
    let at = read.map_err(|_| Failure::usage(AT))?;
    Ok(Timestamp::from_millis(at.timestamp_millis()))
}

/// Steps first, the verdict last; JSON is the whole verdict.
fn write(verdict: &CertificateVerdict, explain: bool, output: &mut Output) -> Result<(), Failure> {
    if output.style.format == Format::Json {
        output.json(verdict)?;
    } else {
        if explain {
            output.list(&verdict.steps, &verdict.steps, STEPS)?;
        }
        if !explain || output.style.format == Format::Table {
            output.one(verdict, VERDICT)?;
        }
    }
    verdict.good.then_some(()).ok_or(Failure::Reported)
}

/// A reason in words for people, by its name for programs.
fn told(reason: Option<&String>, style: Style) -> String {
    let Some(name) = reason else {
        return String::new();
    };
    if style.format != Format::Table {
        return name.clone();
    }
    match crate::cli::rejection_texts::in_language(name, style.language) {
        Some(words) => format!("{words} ({name})"),
        None => name.clone(),
    }
}

fn seen(detail: &VerificationDetail, style: Style) -> String {
    let value = style.time(&detail.value);
    if style.format != Format::Table {
        return format!("{}={value}", detail.name);
    }
    format!("{}: {value}", named(DETAIL_NAMES, &detail.name, style))
}

/// A name in words for people; by itself for programs, and where a newer server has another.
fn named(names: &[(&str, Text)], name: &str, style: Style) -> String {
    let known = names.iter().find(|(known, _)| *known == name);
    match (style.format, known) {
        (Format::Table, Some((_, words))) => style.language.pick(*words).to_owned(),
        _ => name.to_owned(),
    }
}

const STEP_NAMES: &[(&str, Text)] = &[
    ("read", text("đọc chứng thư", "the certificate is read")),
    ("signature", text("chữ ký", "the signature")),
    (
        "path",
        text("đường dẫn tới CA được tin", "a path to a trusted authority"),
    ),
    ("certificate", text("CA trung gian", "an authority between")),
    (
        "profile",
        text("được dùng để đăng nhập", "meant for signing in"),
    ),
    ("identity", text("định danh", "whom it names")),
    ("status", text("còn hiệu lực, chưa thu hồi", "not revoked")),
    (
        "outage",
        text("quy tắc khi mất liên lạc", "the rule for outages"),
    ),
];

const DETAIL_NAMES: &[(&str, Text)] = &[
    ("subject", text("chủ thể", "subject")),
    ("issuer", text("CA cấp", "issuer")),
    ("serial", text("số sê-ri", "serial")),
    ("fingerprint", text("dấu vân tay", "fingerprint")),
    ("key", text("khóa", "key")),
    ("signed_over", text("ký bằng", "signed over")),
    ("not_before", text("hiệu lực từ", "valid from")),
    ("not_after", text("hết hạn", "expires")),
    ("anchor", text("CA được tin", "trusted by")),
    ("policy", text("chính sách", "policy")),
    ("holder", text("của", "holder")),
    ("identifier", text("định danh", "identifier")),
    ("mail", text("thư", "mail")),
    ("source", text("nguồn", "source")),
    ("this_update", text("biết lúc", "known at")),
    ("next_update", text("tin mới trước", "news by")),
    (
        "signing_time",
        text("giờ ký (do người ký nói)", "signed at (as the signer says)"),
    ),
];

const YES: Text = text("có", "yes");
const NO: Text = text("KHÔNG", "NO");
const AT: Text = text(
    "--at cần một thời điểm RFC 3339, ví dụ 2026-03-01T08:00:00+07:00",
    "--at takes an RFC 3339 time, such as 2026-03-01T08:00:00+07:00",
);

#[cfg(test)]
mod tests {
    use super::*;
    use idp_core::trust::explain::StepName;

    #[test]
    fn every_step_has_words() {
        use StepName::*;
        let all = [
            Read,
            Signature,
            Path,
            Certificate,
            Profile,
            Identity,
            Status,
            Outage,
        ];
        for one in all {
            let known = STEP_NAMES.iter().any(|(name, _)| *name == one.name());
            assert!(known, "{one:?}");
        }
        assert_eq!(STEP_NAMES.len(), all.len());
    }
}
