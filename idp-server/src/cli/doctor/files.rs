//! What can be seen from outside the store: permissions and the TLS certificate.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use idp_core::base::time::Timestamp;
use url::Url;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::Finding;
use crate::config::{AuditSettings, Settings, TlsFiles};
use crate::listen::tls::{ClientCertificates, Tls, read_chain};
use crate::mutual_tls::read_authorities;
use crate::outside::private_file::{ALL_BUT_GROUP_READING, GROUP_AND_OTHERS, exposed};

/// A certificate that ends within this is to be renewed.
const RENEW: Duration = Duration::from_secs(21 * 86_400);

/// Data folder and what lies in it: nothing for anybody but the owner.
pub(super) fn permissions(settings: &Settings) -> Vec<Finding> {
    let folder = &settings.store.folder;
    let entries = fs::read_dir(folder);
    let Ok(entries) = entries else {
        let remedy = "make it with `idp init`, or correct store.folder";
        return vec![Finding::fail(
            "permissions",
            format!("{} cannot be read", folder.display()),
            remedy,
        )];
    };
    let inside = entries.filter_map(Result::ok).map(|entry| entry.path());
    let data = std::iter::once(folder.clone()).chain(inside);
    let data = data.filter_map(|path| exposed(&path, GROUP_AND_OTHERS));
    let keys =
        listeners(settings).filter_map(|(_, tls, _)| exposed(&tls.key, ALL_BUT_GROUP_READING));
    let open: Vec<Finding> = data
        .chain(keys)
        .map(|open| Finding::fail("permissions", open.problem(), open.remedy()))
        .collect();
    if open.is_empty() {
        vec![Finding::ok(
            "permissions",
            format!("{} is private", folder.display()),
        )]
    } else {
        open
    }
}

/// The places that heads of the audit go to: whether they would take one. Nothing is written there.
pub(super) fn heads(audit: &AuditSettings) -> Vec<Finding> {
    let file = audit.heads_file.as_deref();
    let file = file.map(|path| {
        (
            path,
            appendable(path),
            "make its folder writable for the server",
        )
    });
    let syslog = audit.syslog.as_deref();
    let syslog = syslog.map(|path| (path, reachable(path), "start the collector of logs"));
    let places = [file, syslog].into_iter().flatten();
    let found = places.map(|(path, found, remedy)| match found {
        Ok(()) => Finding::ok("audit_heads", path.display().to_string()),
        Err(error) => {
            let detail = format!("{}: {error}", path.display());
            Finding::fail(
                "audit_heads",
                detail,
                format!("{remedy}, or name another place"),
            )
        }
    });
    found.collect()
}

/// Whether the file can be appended to; where there is none yet, whether one could be made, by a
/// file without a name in its folder.
fn appendable(path: &Path) -> std::io::Result<()> {
    match fs::OpenOptions::new().append(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(Path::new("/"));
            tempfile::tempfile_in(folder).map(drop)
        }
        opened => opened.map(drop),
    }
}

fn reachable(socket: &Path) -> std::io::Result<()> {
    UnixDatagram::unbound()?.connect(socket)
}

/// Where TLS is spoken: the check's name, the files, and the address that people or clients use.
fn listeners(settings: &Settings) -> impl Iterator<Item = (&'static str, &TlsFiles, &str)> {
    let public = settings.listen.tls.as_ref();
    let public = public.map(|files| ("tls", files, settings.issuer.url.as_str()));
    let mutual = settings.mutual_tls.as_ref().and_then(|mutual| {
        let (_, files) = mutual.listener.as_ref()?;
        Some(("mutual_tls", files, mutual.url.as_str()))
    });
    public.into_iter().chain(mutual)
}

/// The authorities that prove clients: readable, and authorities.
pub(super) fn authorities(settings: &Settings) -> Option<Finding> {
    let file = settings.mutual_tls.as_ref()?.trusted_authorities.as_ref()?;
    Some(match read_authorities(file) {
        Ok(known) => {
            let detail = format!("{}: {} certificates", file.display(), known.len());
            Finding::ok("client_authorities", detail)
        }
        Err(fault) => {
            let remedy = "put the PEM certificates of authorities there";
            Finding::fail("client_authorities", fault.detail, remedy)
        }
    })
}

/// The certificates: each usable with its key, for its address, now and for some time.
pub(super) fn certificates(settings: &Settings, now: Timestamp) -> Vec<Finding> {
    let examine = |listener| certificate(listener, now);
    listeners(settings).flat_map(examine).collect()
}

fn certificate(listener: (&'static str, &TlsFiles, &str), now: Timestamp) -> Vec<Finding> {
    let (check, files, _) = listener;
    let (chain, key) = (files.certificate.clone(), files.key.clone());
    if let Err(fault) = Tls::load(chain, key, ClientCertificates::NotAsked) {
        let remedy = "put a PEM chain and the key of its first certificate there";
        return vec![Finding::fail(check, fault.detail, remedy)];
    }
    examined(listener, now).unwrap_or_else(|| {
        let wrong = "the certificate cannot be read";
        vec![Finding::fail(check, wrong, "have it issued again")]
    })
}

fn examined(
    (check, files, address): (&'static str, &TlsFiles, &str),
    now: Timestamp,
) -> Option<Vec<Finding>> {
    let chain = read_chain(&files.certificate).ok()?;
    let (_, leaf) = X509Certificate::from_der(chain.first()?).ok()?;
    let from = Timestamp::from_seconds(leaf.validity().not_before.timestamp());
    let until = Timestamp::from_seconds(leaf.validity().not_after.timestamp());
    let renew = "renew it, then send the server SIGHUP";
    let validity = match () {
        () if now < from => {
            Finding::fail(check, "the certificate is not valid yet", "check the clock")
        }
        () if until <= now => Finding::fail(check, "the certificate has expired", renew),
        () if until <= now + RENEW => {
            let days = until.since(now).as_secs() / 86_400;
            Finding::warn(check, format!("the certificate ends in {days} days"), renew)
        }
        () => {
            let days = until.since(now).as_secs() / 86_400;
            Finding::ok(check, format!("the certificate is valid for {days} days"))
        }
    };
    let mut findings = vec![validity];
    let host = Url::parse(address).ok()?.host_str()?.to_owned();
    if !names(&leaf, &host) {
        let detail = format!("the certificate is not for {host}");
        let remedy = format!("have it issued for {host}");
        findings.push(Finding::fail(check, detail, remedy));
    }
    Some(findings)
}

/// Whether a subject alternative name is `host`; a wildcard stands for one label (RFC 9525 §6.3).
fn names(leaf: &X509Certificate<'_>, host: &str) -> bool {
    let Ok(Some(names)) = leaf.subject_alternative_name() else {
        return false;
    };
    names.value.general_names.iter().any(|name| match name {
        GeneralName::DNSName(name) => {
            let parent = host.split_once('.').map(|(_, parent)| parent);
            name.eq_ignore_ascii_case(host)
                || name.strip_prefix("*.").is_some_and(|rest| {
                    parent.is_some_and(|parent| rest.eq_ignore_ascii_case(parent))
                })
        }
        GeneralName::IPAddress(octets) => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            match bare.parse() {
                Ok(std::net::IpAddr::V4(address)) => *octets == address.octets(),
                Ok(std::net::IpAddr::V6(address)) => *octets == address.octets(),
                Err(_) => false,
            }
        }
        _ => false,
    })
}
