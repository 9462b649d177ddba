//! How a client proves itself at the token, introspection and revocation endpoints
//! (RFC 6749 §2.3, RFC 7523).

mod assertion;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub use self::assertion::FAPI_ALGORITHMS;
use super::certificate::{self, ClientCertificate};
use super::client_keys::{self, ClientKeys, FetchedKeys};
use super::dpop::VerifiedProof;
use super::params::{Parameters, decode};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::jose::JwkSet;
use crate::model::client::{Client, ClientAuthenticationMethod as Method, ClientId};
use crate::model::confirmation::Confirmation;
use crate::policy::Policy;
use crate::store::decision::{Decision, Outcome};
use crate::store::tickets::TicketKey;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client presented, before anybody looked at who it is.
#[derive(Clone, Debug)]
pub struct Presented {
    /// Who it says it is.
    pub client: ClientId,
    /// Its proof.
    pub proof: Proof,
}

/// A proof as presented.
#[derive(Clone, Debug)]
pub enum Proof {
    /// None: a public client.
    None,
    /// A secret in the Authorization header.
    Basic(SecretText),
    /// A secret in the body.
    Post(SecretText),
    /// An assertion signed with a key of the client.
    SignedAssertion(SecretText),
    /// An assertion authenticated with the client's secret.
    AuthenticatedAssertion(SecretText),
}

impl Presented {
    /// Reads the Authorization header and the body parameters.
    ///
    /// # Errors
    /// [`Reason::ClientAuthenticationMixed`] for more than one method,
    /// [`Reason::ClientAuthenticationMissing`] without a client_id,
    /// [`Reason::BasicCredentialsMalformed`], [`Reason::ClientAssertionMalformed`],
    /// [`Reason::ClientUnknown`] for an id that cannot exist.
    pub fn parse(authorization: Option<&str>, body: &Parameters) -> Result<Self, Refusal> {
        let secret = body.secret("client_secret");
        let assertion = body.secret("client_assertion");
        let ways = [
            authorization.is_some(),
            secret.is_some(),
            assertion.is_some(),
        ];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(Reason::ClientAuthenticationMixed.into());
        }
        if let Some(header) = authorization {
            return Self::basic(header, body);
        }
        if let Some(assertion) = assertion {
            return Self::assertion(assertion, body);
        }
        let client = body
            .find("client_id")
            .ok_or(Reason::ClientAuthenticationMissing)?;
        let client = ClientId::new(client).ok_or(Reason::ClientUnknown)?;
        Ok(Self {
            client,
            proof: secret.map_or(Proof::None, Proof::Post),
        })
    }

    fn basic(header: &str, body: &Parameters) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Reason::BasicCredentialsMalformed);
        let (scheme, value) = header.split_once(' ').ok_or_else(malformed)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(malformed());
        }
        let bytes = STANDARD.decode(value.trim()).map_err(|_| malformed())?;
        let text = zeroize::Zeroizing::new(String::from_utf8(bytes).map_err(|_| malformed())?);
        let (id, secret) = text.split_once(':').ok_or_else(malformed)?;
        // RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
        let id = decode(id.as_bytes()).map_err(|_| malformed())?;
        let secret = decode(secret.as_bytes()).map_err(|_| malformed())?;
        if body.find("client_id").is_some_and(|other| other != id) {
            return Err(Reason::ClientAuthenticationMixed.into());
        }
        let client = ClientId::new(&id).ok_or_else(malformed)?;
        Ok(Self {
            client,
            proof: Proof::Basic(SecretText::new(secret)),
        })
    }

    fn assertion(assertion: SecretText, body: &Parameters) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Reason::ClientAssertionMalformed);
        if body.find("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(malformed());
        }
        let (client, proof) = assertion::peek(assertion).ok_or_else(malformed)?;
        if body
            .find("client_id")
            .is_some_and(|other| other != client.as_str())
        {
            return Err(Reason::ClientAuthenticationMixed.into());
        }
        Ok(Self { client, proof })
    }
}

/// A client that proved itself; made only by [`authenticate`].
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    client: Client,
    replay: Option<(TicketKey, Timestamp)>,
    confirmation: Confirmation,
}

impl AuthenticatedClient {
    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The mark that must be new before anything is answered, and until when it counts: the
    /// `jti` of an assertion.
    pub fn replay_mark(&self) -> Option<(TicketKey, Timestamp)> {
        self.replay
    }

    /// The same client, whose tokens are bound to the certificate it showed, where it is registered
    /// for that (RFC 8705 §3.4).
    fn showing(mut self, certificate: Option<&ClientCertificate>) -> Self {
        if self
            .client
            .features
            .tls_client_certificate_bound_access_tokens
        {
            let thumbprint = certificate.map(|shown| shown.thumbprint().to_owned());
            self.confirmation.x5t_s256 = thumbprint;
        }
        self
    }

    /// The same client, after it showed the key of a DPoP proof with this request.
    #[must_use]
    pub fn proved_by(mut self, proof: Option<&VerifiedProof>) -> Self {
        self.confirmation.jkt = proof.map(|proof| proof.jkt().to_owned());
        self
    }

    /// The keys that it showed with this request; its access tokens are bound to them.
    pub const fn confirmation(&self) -> &Confirmation {
        &self.confirmation
    }

    /// What its refresh tokens are bound to beyond the client: the keys it showed, when it shows
    /// nothing else (RFC 9449 §5, RFC 8705 §4).
    pub fn refresh_confirmation(&self) -> Confirmation {
        if self.is_confidential() {
            Confirmation::default()
        } else {
            self.confirmation.clone()
        }
    }

    /// Whether the client proved itself by anything: public clients did not.
    pub fn is_confidential(&self) -> bool {
        self.client.authentication != Method::None
    }
}

/// The facts for [`authenticate`].
#[derive(Clone, Debug, Default)]
pub struct ClientFacts {
    /// The client, if there is one with this id.
    pub client: Option<Client>,
    /// The key set at its `jwks_uri`, once fetched.
    pub keys: FetchedKeys,
    /// Its sealed secrets, opened, in its order.
    pub secrets: Vec<SecretText>,
    /// The certificate whose key it holds, if it showed one.
    pub certificate: Option<ClientCertificate>,
    /// The path of the endpoint that is called, which an assertion may name.
    pub path: String,
}

/// Decides whether a client is who it says it is.
///
/// Refuses unknown and disabled clients alike, methods the client is not registered for, wrong
/// and expired secrets, and assertions that break RFC 7523 §3. Does not check the replay mark:
/// the flow takes it, in one round trip with the other tickets.
pub fn authenticate(
    presented: &Presented,
    facts: &ClientFacts,
    now: Timestamp,
    policy: &Policy,
) -> Decision<AuthenticatedClient> {
    let Some(client) = facts.client.as_ref().filter(|c| !c.disabled) else {
        return Decision::refused(Reason::ClientUnknown);
    };
    if let Err(refusal) = check_method(&presented.proof, client) {
        return Decision::refused(refusal);
    }
    let decision = prove(presented, client, facts, (now, policy));
    match decision.outcome {
        Outcome::Done(client) => Decision::done(client.showing(facts.certificate.as_ref())),
        _ => decision,
    }
}

fn prove(
    presented: &Presented,
    client: &Client,
    facts: &ClientFacts,
    (now, policy): (Timestamp, &Policy),
) -> Decision<AuthenticatedClient> {
    match &presented.proof {
        Proof::None if client.authentication != Method::None => {
            by_certificate(client, facts, (now, policy))
        }
        Proof::None => proved(client, None),
        Proof::Basic(secret) | Proof::Post(secret) => match check_secret(secret, client, now) {
            Ok(()) => proved(client, None),
            Err(refusal) => Decision::refused(refusal),
        },
        Proof::SignedAssertion(assertion) => {
            assertion::check_signed(assertion, client, facts, (now, policy))
        }
        Proof::AuthenticatedAssertion(assertion) => {
            assertion::check_authenticated(assertion, client, facts, (now, policy))
        }
    }
}

fn proved(
    client: &Client,
    replay: Option<(TicketKey, Timestamp)>,
) -> Decision<AuthenticatedClient> {
    Decision::done(AuthenticatedClient {
        client: client.clone(),
        replay,
        confirmation: Confirmation::default(),
    })
}

/// The registered method, and no other: a secret in the body is another method than one in the
/// header.
fn check_method(proof: &Proof, client: &Client) -> Result<(), Refusal> {
    let fits = match client.authentication {
        Method::None => matches!(proof, Proof::None),
        Method::ClientSecretBasic => matches!(proof, Proof::Basic(_)),
        Method::ClientSecretPost => matches!(proof, Proof::Post(_)),
        Method::ClientSecretJwt => matches!(proof, Proof::AuthenticatedAssertion(_)),
        Method::PrivateKeyJwt => matches!(proof, Proof::SignedAssertion(_)),
        // The certificate came with the handshake; the body only says who it is.
        Method::TlsClientAuth | Method::SelfSignedTlsClientAuth => matches!(proof, Proof::None),
    };
    match (fits, proof) {
        (true, _) => Ok(()),
        (false, Proof::None) => Err(Reason::ClientAuthenticationMissing.into()),
        (false, _) => Err(Reason::ClientAuthenticationMethodWrong.into()),
    }
}

/// RFC 8705 §2.
fn by_certificate(
    client: &Client,
    facts: &ClientFacts,
    (now, policy): (Timestamp, &Policy),
) -> Decision<AuthenticatedClient> {
    let Some(shown) = &facts.certificate else {
        return Decision::refused(Reason::ClientCertificateMissing);
    };
    let checked = if client.authentication == Method::TlsClientAuth {
        let mutual = policy.mutual_tls.as_ref();
        let authorities = mutual.map_or(&[][..], |mutual| mutual.authorities.as_slice());
        certificate::check_authority(shown, &client.features, authorities, now)
    } else {
        let fits = |keys: &JwkSet| certificate::check_registered_key(shown, keys).is_ok();
        match client_keys::of(client, &facts.keys, fits) {
            ClientKeys::Known(keys) => certificate::check_registered_key(shown, &keys),
            ClientKeys::Asks(asks) => return Decision::need(asks),
            ClientKeys::Unreadable => Err(Reason::ClientKeysUnavailable.into()),
            ClientKeys::None => certificate::check_registered_key(shown, &JwkSet::new(Vec::new())),
        }
    };
    match checked {
        Ok(()) => proved(client, None),
        Err(refusal) => Decision::refused(refusal),
    }
}

fn check_secret(secret: &SecretText, client: &Client, now: Timestamp) -> Result<(), Refusal> {
    let digest = secret.digest();
    let matches = client
        .secrets
        .iter()
        .filter(|s| s.counts_at(now))
        .any(|s| s.digest == Some(digest));
    matches
        .then_some(())
        .ok_or_else(|| Reason::ClientSecretWrong.into())
}

#[cfg(test)]
mod tests;
