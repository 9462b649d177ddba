//! `idp trust`.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_admin_api::trust::{
    AuthorityCertificate, TrustAnchor, TrustAnchorNew, TrustRules, TrustWithdrawal,
};

use super::wire_name;
use crate::cli::args::{Paging, TrustCommand, TrustRuleArgs};
use crate::cli::context::{Context, all, clearable};
use crate::cli::failure::Failure;
use crate::cli::file::read_bounded;
use crate::cli::language::{Text, text};
use crate::cli::output::{Column, Style, column};

/// The largest file of certificates.
const MOST_BYTES: u64 = 1024 * 1024;

const LIST: &[Column<TrustAnchor>] = &[
    column("name", text("Tên", "Name"), |a, _| a.name.clone()),
    column("purpose", text("Mục đích", "Purpose"), |a, _| {
        purpose(a)
    }),
    column("counts", text("Đang có giá trị", "Counts"), |a, s| {
        s.flag(a.counts)
    }),
    column("key", text("Khóa", "Key"), |a, _| {
        a.certificate.key.clone()
    }),
    column("not_after", text("Hết hạn", "Expires"), |a, s| {
        s.time(&a.certificate.not_after)
    }),
    column(
        "fingerprint",
        text("Dấu vân tay SHA-256", "SHA-256 fingerprint"),
        |a, _| a.certificate.fingerprint.clone(),
    ),
];

const WHOLE: &[Column<TrustAnchor>] = &[
    column("name", text("Tên", "Name"), |a, _| a.name.clone()),
    column("purpose", text("Mục đích", "Purpose"), |a, _| {
        purpose(a)
    }),
    column("subject", text("Chủ thể", "Subject"), |a, _| {
        a.certificate.subject.clone()
    }),
    column(
        "fingerprint",
        text("Dấu vân tay SHA-256", "SHA-256 fingerprint"),
        |a, _| a.certificate.fingerprint.clone(),
    ),
    column("key", text("Khóa", "Key"), |a, _| {
        a.certificate.key.clone()
    }),
    column(
        "not_before",
        text("Hiệu lực từ", "Valid from"),
        |a, s| s.time(&a.certificate.not_before),
    ),
    column("not_after", text("Hết hạn", "Expires"), |a, s| {
        s.time(&a.certificate.not_after)
    }),
    column("counts", text("Đang có giá trị", "Counts"), |a, s| {
        s.flag(a.counts)
    }),
    column("from", text("Tin từ", "Trusted from"), |a, s| {
        s.time_if(a.rules.from.as_ref())
    }),
    column("until", text("Tin đến", "Trusted until"), |a, s| {
        s.time_if(a.rules.until.as_ref().and_then(Option::as_ref))
    }),
    column(
        "distrusted_at",
        text("Thôi tin từ", "Distrusted since"),
        |a, s| s.time_if(a.distrusted_at.as_ref()),
    ),
    column(
        "intermediates",
        text("CA trung gian", "Authorities between"),
        |a, s| s.several(a.intermediates.iter().map(|c| between(c, *s))),
    ),
    column("identity", text("Tin về", "Believed about"), |a, s| {
        s.several(believed(&a.rules))
    }),
    column(
        "status",
        text("Hỏi trạng thái", "Status asked"),
        |a, s| s.several(asked(a)),
    ),
    column("tolerated", text("Chấp nhận", "Tolerated"), |a, s| {
        s.several(tolerated(&a.rules))
    }),
    column("required", text("Bắt buộc có", "Required"), |a, s| {
        let purposes = a.rules.purposes_required.iter().flatten();
        let policies = a.rules.policies_required.iter().flatten();
        s.several(purposes.chain(policies).cloned())
    }),
    column("findings", text("Cần biết", "To know"), |a, s| {
        s.several(a.findings.iter().map(|name| finding(name, *s)))
    }),
];

/// What `check` tells of each.
const CHECK: &[Column<TrustAnchor>] = &[
    column("name", text("Tên", "Name"), |a, _| a.name.clone()),
    column("counts", text("Đang có giá trị", "Counts"), |a, s| {
        s.flag(a.counts)
    }),
    column(
        "certificates",
        text("Chứng thư", "Certificates"),
        |a, s| {
            let own = std::iter::once(&a.certificate);
            s.several(own.chain(&a.intermediates).map(|c| between(c, *s)))
        },
    ),
    column(
        "status",
        text("Hỏi trạng thái", "Status asked"),
        |a, s| s.several(asked(a)),
    ),
    column("findings", text("Cần biết", "To know"), |a, s| {
        s.several(a.findings.iter().map(|name| finding(name, *s)))
    }),
];

pub(super) async fn run(command: TrustCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        TrustCommand::Add {
            name,
            file,
            fingerprint,
            preset,
            rules,
        } => {
            let new = TrustAnchorNew {
                name,
                certificate: certificate(&file)?,
                fingerprint,
                preset,
                rules: said(*rules)?,
            };
            let added = context.api.add_trust_anchor(&new).await?;
            context.changed(&added, WHOLE)
        }
        TrustCommand::List => {
            let api = context.api.clone();
            let every = Paging {
                all: true,
                ..Paging::default()
            };
            let fetch = async |page| api.trust_anchors(&page).await;
            context.list(&every, LIST, fetch).await
        }
        TrustCommand::Show { name } => {
            let anchor = context.api.trust_anchor(&name).await?;
            context.output.one(&anchor, WHOLE)
        }
        TrustCommand::Edit { name, rules } => {
            let rules = said(*rules)?;
            let edited = context.api.edit_trust_anchor(&name, &rules).await?;
            context.changed(&edited, WHOLE)
        }
        TrustCommand::Distrust { name, from } => distrust(&name, from, context).await,
        TrustCommand::Check { name } => check(name.as_deref(), context).await,
    }
}

async fn distrust(
    name: &str,
    from: Option<String>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    context.confirm(&format!("trust distrust {name}"))?;
    let withdrawal = TrustWithdrawal { from };
    let anchor = context.api.distrust_trust_anchor(name, &withdrawal).await?;
    context.changed(&anchor, WHOLE)?;
    context.output.note(context.say(SESSIONS_STAY));
    Ok(())
}

/// One that was withdrawn needs nothing to be done.
async fn check(name: Option<&str>, context: &mut Context<'_>) -> Result<(), Failure> {
    let anchors = match name {
        Some(name) => vec![context.api.trust_anchor(name).await?],
        None => all(async |page| context.api.trust_anchors(&page).await).await?,
    };
    context.output.list(&anchors, &anchors, CHECK)?;
    if anchors.iter().any(|anchor| !anchor.troubles.is_empty()) {
        context.output.note(context.say(TROUBLE));
        return Err(Failure::Reported);
    }
    Ok(())
}

fn certificate(path: &Path) -> Result<String, Failure> {
    Ok(STANDARD.encode(read_bounded(path, MOST_BYTES)?))
}

fn certificates(paths: &[PathBuf]) -> Result<Option<Vec<String>>, Failure> {
    let read: Result<Vec<_>, _> = paths.iter().map(|path| certificate(path)).collect();
    Ok(Some(read?).filter(|all| !all.is_empty()))
}

/// A list that was named; one empty text alone empties it.
fn listed(said: &[String]) -> Option<Vec<String>> {
    let all = said.iter().filter(|text| !text.is_empty()).cloned();
    (!said.is_empty()).then(|| all.collect())
}

fn said(args: TrustRuleArgs) -> Result<TrustRules, Failure> {
    Ok(TrustRules {
        purpose: args.purpose,
        intermediates: certificates(&args.intermediate)?,
        personal_id: args.personal_id,
        tax_code: args.tax_code,
        mail_of: listed(&args.mail_of),
        responders: args.responders,
        lists: args.lists,
        list_addresses: listed(&args.list_address),
        pinned_responders: certificates(&args.pinned_responder)?,
        answer_seconds: args.answer_seconds,
        outage_hours: args.outage_hours,
        sha1: args.sha1,
        non_repudiation_alone: args.non_repudiation_alone,
        purposes_required: listed(&args.require_purpose),
        policies_required: listed(&args.require_policy),
        from: args.from,
        until: clearable(args.until),
    })
}

fn purpose(anchor: &TrustAnchor) -> String {
    anchor
        .rules
        .purpose
        .map(|p| wire_name(&p))
        .unwrap_or_default()
}

fn between(certificate: &AuthorityCertificate, style: Style) -> String {
    let (c, until) = (certificate, style.time(&certificate.not_after));
    let sha1 = if c.by_sha1 { ", SHA-1" } else { "" };
    format!(
        "{} [{}{sha1}, → {until}] {}",
        c.subject, c.key, c.fingerprint
    )
}

fn believed(rules: &TrustRules) -> Vec<String> {
    let when = |said: Option<bool>, name: &str| said.unwrap_or(false).then(|| name.to_owned());
    let numbers = [when(rules.personal_id, "CCCD"), when(rules.tax_code, "MST")];
    let mail = rules.mail_of.iter().flatten();
    let mail = mail.map(|organisation| format!("mail: {organisation}"));
    numbers.into_iter().flatten().chain(mail).collect()
}

/// Where status is asked. The addresses that certificates of people name come to these.
fn asked(anchor: &TrustAnchor) -> Vec<String> {
    let rules = &anchor.rules;
    let mut all = Vec::new();
    if rules.responders == Some(true) {
        let named = anchor.intermediates.iter().flat_map(|c| &c.responders);
        all.push("OCSP".to_owned());
        all.extend(named.map(|address| format!("OCSP {address}")));
    }
    if rules.lists == Some(true) {
        let named = anchor.intermediates.iter().flat_map(|c| &c.lists);
        all.push("CRL".to_owned());
        all.extend(named.map(|address| format!("CRL {address}")));
    }
    let besides = rules.list_addresses.iter().flatten();
    all.extend(besides.map(|address| format!("CRL + {address}")));
    let hours = rules.outage_hours.filter(|hours| *hours > 0);
    all.extend(hours.map(|hours| format!("± {hours} h")));
    all.dedup();
    all
}

fn tolerated(rules: &TrustRules) -> Vec<String> {
    let sha1 = rules.sha1 == Some(true);
    let alone = rules.non_repudiation_alone == Some(true);
    let all = [(sha1, "SHA-1"), (alone, "nonRepudiation")];
    let held = all.into_iter().filter(|(holds, _)| *holds);
    held.map(|(_, name)| name.to_owned()).collect()
}

/// A finding in words; by its name for programs, and where a newer server has another.
fn finding(name: &str, style: Style) -> String {
    use crate::cli::args::Format;
    let known = FINDINGS.iter().find(|(known, _)| *known == name);
    match (style.format, known) {
        (Format::Table, Some((_, words))) => style.language.pick(*words).to_owned(),
        _ => name.to_owned(),
    }
}

const FINDINGS: &[(&str, Text)] = &[
    ("withdrawn", text("đã thôi tin cậy", "trust was withdrawn")),
    (
        "outside_window",
        text(
            "chưa đến hoặc đã quá thời gian được tin",
            "its time has not come or is over",
        ),
    ),
    (
        "expired",
        text("chứng thư của CA đã hết hạn", "its own certificate is over"),
    ),
    (
        "expires_soon",
        text(
            "chứng thư của CA sắp hết hạn",
            "its own certificate is over soon",
        ),
    ),
    (
        "intermediate_expired",
        text(
            "một CA trung gian đã hết hạn",
            "a certificate between is over",
        ),
    ),
    (
        "intermediate_expires_soon",
        text(
            "một CA trung gian sắp hết hạn",
            "a certificate between is over soon",
        ),
    ),
    (
        "sha1_tolerated",
        text(
            "chấp nhận chữ ký SHA-1",
            "signatures over SHA-1 are tolerated",
        ),
    ),
    (
        "rsa_short",
        text(
            "có khóa RSA ngắn hơn 3072 bit",
            "a key is RSA of less than 3072 bits",
        ),
    ),
    (
        "status_never_asked",
        text(
            "không hỏi trạng thái ở đâu: không ai đăng nhập được",
            "status is asked nowhere: nobody can sign in",
        ),
    ),
    (
        "nobody_named",
        text(
            "không tin định danh nào: chỉ chứng thư đã gắn sẵn mới đăng nhập được",
            "no identifier is believed: only certificates bound before sign in",
        ),
    ),
];

const SESSIONS_STAY: Text = text(
    "từ nay không ai đăng nhập được bằng chứng thư dưới CA này; phiên đang mở do máy chủ đóng khi xét lại chứng thư",
    "nobody signs in by a certificate below it from then on; sessions that are open are ended by the server when it looks at their certificates again",
);
const TROUBLE: Text = text("có việc cần làm", "something needs to be done");

#[cfg(test)]
mod tests {
    use super::*;
    use idp_core::admin::trust::Finding;

    /// Every finding of the core has words in both languages.
    #[test]
    fn every_finding_is_said() {
        use Finding::*;
        for one in [
            Withdrawn,
            OutsideWindow,
            Expired,
            ExpiresSoon,
            IntermediateExpired,
            IntermediateExpiresSoon,
            Sha1Tolerated,
            RsaShort,
            StatusNeverAsked,
            NobodyNamed,
        ] {
            let said = FINDINGS.iter().find(|(name, _)| *name == one.name());
            assert!(
                said.is_some_and(|(_, words)| words.vi != words.en),
                "{one:?}"
            );
        }
        assert_eq!(FINDINGS.len(), 10);
    }

    #[test]
    fn an_empty_text_empties_a_list() {
        let texts = |all: &[&str]| all.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        assert_eq!(listed(&[]), None);
        assert_eq!(listed(&texts(&[""])), Some(Vec::new()));
        assert_eq!(listed(&texts(&["a", "b"])), Some(texts(&["a", "b"])));
    }
}
