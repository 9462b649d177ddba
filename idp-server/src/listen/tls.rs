//! TLS 1.2 and 1.3 by rustls; the certificate can be replaced while the server runs.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use idp_core::base::fault::Fault;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::client_certificate::AnyCertificate;

const PLACE: &str = "tls";

/// The server's certificate and key, as last read without trouble.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    clients: ClientCertificates,
    current: RwLock<Arc<ServerConfig>>,
}

/// Whether clients are asked for certificates in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    /// No: browsers would ask people about it.
    NotAsked,
    /// Yes, without demanding any.
    Asked,
}

impl Tls {
    /// Reads chain and key.
    ///
    /// # Errors
    /// A lasting fault: a file cannot be read or holds no such thing, or the key does not belong to
    /// the first certificate. Does not check whether the chain is trusted or still valid.
    pub fn load(
        certificate: PathBuf,
        key: PathBuf,
        clients: ClientCertificates,
    ) -> Result<Self, Fault> {
        let current = RwLock::new(Arc::new(read(&certificate, &key, clients)?));
        Ok(Self {
            certificate,
            key,
            clients,
            current,
        })
    }

    /// Reads both again; the old ones stay when the new ones are broken. Connections that are open
    /// go on as they are.
    ///
    /// # Errors
    /// As [`Tls::load`].
    pub fn reload(&self) -> Result<(), Fault> {
        let new = Arc::new(read(&self.certificate, &self.key, self.clients)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Reloads at every SIGHUP, for ever; what is broken is logged and not taken.
    ///
    /// # Errors
    /// When the signal cannot be listened for.
    pub async fn reload_on_hangup(&self) -> std::io::Result<()> {
        let kind = tokio::signal::unix::SignalKind::hangup();
        let mut hangups = tokio::signal::unix::signal(kind)?;
        while hangups.recv().await.is_some() {
            match self.reload() {
                Ok(()) => tracing::info!("certificate read again"),
                Err(fault) => {
                    tracing::error!(%fault, "certificate not replaced: the old one stays");
                }
            }
        }
        Ok(())
    }

    /// What accepts the next connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&current))
    }
}

fn read(
    certificate: &PathBuf,
    key: &PathBuf,
    clients: ClientCertificates,
) -> Result<ServerConfig, Fault> {
    let chain = read_chain(certificate)?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|e| Fault::lasting(PLACE, format!("{}: {e}", key.display())))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Fault::lasting(PLACE, e))?;
    let builder = match clients {
        ClientCertificates::NotAsked => builder.with_no_client_auth(),
        ClientCertificates::Asked => {
            builder.with_client_cert_verifier(Arc::new(AnyCertificate::new(algorithms)))
        }
    };
    let mut config = builder
        .with_single_cert(chain, private)
        .map_err(|e| Fault::lasting(PLACE, format!("{}: {e}", certificate.display())))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Reads the certificates of a PEM file, leaf first as written.
///
/// # Errors
/// A lasting fault when the file cannot be read, is no PEM or holds no certificate.
pub fn read_chain(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let trouble = |what: String| Fault::lasting(PLACE, format!("{}: {what}", path.display()));
    let chain = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| trouble(e.to_string()))?;
    if chain.is_empty() {
        return Err(trouble("no certificate in it".to_owned()));
    }
    Ok(chain)
}
