//! Flows about the certificates of accounts.

use pki::{Certificate, Rejection};

use super::{Administration, load, trust};
use crate::admin::user::{self, BindFacts};
use crate::authn::session_end::Ended;
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::flow::{ATTEMPTS, Failure, contended};
use crate::model::credential::Credential;
use crate::model::trust::Trust;

/// A certificate of an account, and what is said of it now.
#[derive(Clone, Debug)]
pub struct UserCertificate {
    /// The credential.
    pub credential: Credential,
    /// Whether it counts now, and since when that is known; where it does not, the first rule that
    /// does not hold.
    pub standing: Result<Timestamp, Rejection>,
}

/// The certificates of an account, by id, and what is known of each without asking outside.
///
/// # Errors
/// `administrator_unknown`, `not_found_here`.
pub async fn list(desk: &Administration, named: &str) -> Result<Vec<UserCertificate>, Failure> {
    let ground = desk.ground().await?;
    let user = load::user(&desk.provider, named).await?;
    ground.by.needs_sight(&user, desk.context.here.now)?;
    let present = trust::load(&desk.provider).await?;
    let mut all = Vec::new();
    for credential in desk.provider.records.credentials(user.id).await? {
        if credential.certificate().is_some() {
            all.push(told(desk, credential, &present.trust).await?);
        }
    }
    all.sort_by_key(|one| one.credential.id);
    Ok(all)
}

/// Binds a certificate; answers whether it counts now, too.
///
/// # Errors
/// What [`user::read_certificate`] and [`user::bind_certificate`] refuse with.
pub async fn bind(
    desk: &mut Administration,
    named: &str,
    octets: &[u8],
) -> Result<UserCertificate, Failure> {
    let certificate = user::read_certificate(octets)?;
    let key = user::certificate_key(&certificate);
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let account = load::user(&desk.provider, named).await?;
        let present = trust::load(&desk.provider).await?;
        let records = desk.provider.records.clone();
        let holder = records.credential_by_digest(&key).await?;
        let facts = BindFacts {
            user: &account,
            credentials: &records.credentials(account.id).await?,
            holder: holder.as_ref().map(|(credential, _)| credential),
            trust: &present.trust,
        };
        let entropy = &mut desk.context.entropy;
        let decision = user::bind_certificate(&ground.act(), &certificate, &facts, entropy);
        if let Some(credential) = desk.settle(decision).await? {
            return told(desk, credential, &present.trust).await;
        }
    }
    Err(contended())
}

/// Takes a certificate away, by its id, and ends the sessions that began with it.
///
/// # Errors
/// What [`user::unbind_certificate`] refuses with.
pub async fn unbind(desk: &mut Administration, named: &str, id: &str) -> Result<Ended, Failure> {
    let id = id.parse().map_err(|_| Reason::NotFoundHere)?;
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let account = load::user(&desk.provider, named).await?;
        let credential = desk.provider.records.credential(id).await?;
        let now = desk.context.here.now;
        let sessions = desk.provider.live_sessions(account.id, now).await?;
        let signed_in = desk.provider.signed_in_during(account.id, sessions).await?;
        let decision = user::unbind_certificate(
            &ground.act(),
            &account,
            credential.as_ref(),
            &signed_in,
            &mut desk.context.entropy,
        );
        if let Some(ended) = desk.settle(decision).await? {
            return Ok(ended);
        }
    }
    Err(contended())
}

async fn told(
    desk: &Administration,
    credential: Credential,
    trust: &Trust,
) -> Result<UserCertificate, Failure> {
    let der = credential.certificate().map(|held| &held.certificate.0);
    let read = Certificate::parse(der.map_or(&[][..], Vec::as_slice));
    let standing = match read {
        Ok(certificate) => judge(desk, &certificate, trust).await?,
        Err(why) => Err(why),
    };
    Ok(UserCertificate {
        credential,
        standing,
    })
}

async fn judge(
    desk: &Administration,
    certificate: &Certificate,
    trust: &Trust,
) -> Result<Result<Timestamp, Rejection>, Failure> {
    let now = desk.context.here.now;
    let found = match crate::trust::find(certificate, &[], trust, &crate::trust::SIGNS_IN, now) {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    let status = &desk.provider.certificate_status;
    let known = status.known(found.question(now)).await?;
    Ok(found.verify(&known, now).map(|good| good.status_at()))
}
