//! Where clients show certificates, from the configuration.

use std::path::PathBuf;
use std::sync::Arc;

use idp_core::base::fault::Fault;
use idp_core::oauth::certificate::is_authority;
use idp_core::policy::{MutualTls, Policy};
use tokio::net::TcpListener;

use crate::config::Settings;
use crate::listen::client_certificate::CertificateHeader;
use crate::listen::server::Transport;
use crate::listen::tls::{ClientCertificates, Tls, read_chain};
use crate::outside::private_file::{ALL_BUT_GROUP_READING, exposed};
use crate::serve::listen;

/// The header in which declared proxies write certificates.
pub(crate) fn header(settings: &Settings) -> Option<CertificateHeader> {
    settings.mutual_tls.as_ref()?.header.clone()
}

/// Our own listener for certificates, and how it is spoken on: TLS by ourselves, whatever the public
/// one does. No proxy stands before it, so the header means nothing there.
///
/// # Errors
/// A fault when the files cannot be used, others may read the key, or the address is taken.
pub(crate) async fn door(
    settings: &Settings,
    public: &Transport,
) -> Result<Option<(TcpListener, Transport)>, Fault> {
    let configured = settings.mutual_tls.as_ref();
    let Some((address, files)) = configured.and_then(|mutual| mutual.listener.as_ref()) else {
        return Ok(None);
    };
    if let Some(open) = exposed(&files.key, ALL_BUT_GROUP_READING) {
        return Err(Fault::lasting("permissions", open));
    }
    let (certificate, key) = (files.certificate.clone(), files.key.clone());
    let tls = Tls::load(certificate, key, ClientCertificates::Asked)?;
    let transport = Transport {
        tls: Some(Arc::new(tls)),
        certificates: None,
        ..public.clone()
    };
    Ok(Some((listen(*address).await?, transport)))
}

/// The rules, with the authorities read from their file.
///
/// # Errors
/// A fault when the file cannot be read or holds what is no authority's certificate.
pub(crate) fn policy(settings: &Settings) -> Result<Policy, Fault> {
    let mut policy = settings.policy();
    let Some(configured) = &settings.mutual_tls else {
        return Ok(policy);
    };
    let authorities = match &configured.trusted_authorities {
        Some(file) => read_authorities(file)?,
        None => Vec::new(),
    };
    policy.mutual_tls = Some(MutualTls {
        url: configured.url.clone(),
        authorities,
    });
    Ok(policy)
}

/// The certificates of those who certify clients, as DER.
///
/// # Errors
/// A fault when the file cannot be read or holds what is no authority's certificate.
pub(crate) fn read_authorities(file: &PathBuf) -> Result<Vec<Vec<u8>>, Fault> {
    let mut authorities = Vec::new();
    for der in read_chain(file)? {
        if !is_authority(&der) {
            let detail = format!("{}: a certificate of no authority", file.display());
            return Err(Fault::lasting("mutual_tls", detail));
        }
        authorities.push(der.to_vec());
    }
    Ok(authorities)
}
