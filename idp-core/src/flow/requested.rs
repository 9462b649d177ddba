//! From what arrived at the authorization endpoint to the parameters that count.

use std::borrow::Cow;

use super::answer::endless;
use super::{Failure, Provider, RequestContext};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::Digest;
use crate::model::client::Client;
use crate::oauth::authorize::{AuthorizeRefusal, refuse};
use crate::oauth::client_keys::FetchedKeys;
use crate::oauth::demands::Carriage;
use crate::oauth::params::Parameters;
use crate::oauth::request_object::address::ObjectAddress;
use crate::oauth::request_object::{Carrier, Entrance, ObjectFacts, Opened, encrypted, open};
use crate::store::decision::Outcome;

/// A request whose parameters are known, whichever way they came; nothing in it is checked.
pub(super) struct Requested {
    /// The parameters that count.
    pub(super) parameters: Parameters,
    /// How they came.
    pub(super) carriage: Carriage,
    /// The client that the request names, if there is one.
    pub(super) client: Option<Client>,
    /// The pushed request to take when it is answered.
    pub(super) pushed: Option<Digest>,
}

/// A request object on its way: what stands beside it, and where it came.
pub(super) struct Arrived<'a> {
    /// Who says to have sent it.
    pub(super) client: &'a Client,
    /// All parameters.
    pub(super) outer: &'a Parameters,
    /// Where.
    pub(super) entrance: Entrance,
}

impl Provider {
    /// Finds the parameters that count. Of a request that names a pushed one, nothing else
    /// counts but `client_id` (RFC 9126 §4).
    ///
    /// # Errors
    /// A fault. The inner refusals are those of [`Provider::brought`] and [`Provider::opened`],
    /// told at a registered address where the request names one, and as a page otherwise.
    pub(super) async fn requested(
        &self,
        arrived: &Parameters,
        context: &RequestContext,
    ) -> Result<Result<Requested, AuthorizeRefusal>, Failure> {
        let client = self.client_named(arrived.find("client_id")).await?;
        let carrier = Carrier::of(arrived);
        if carrier == Ok(Carrier::Parameters) {
            return Ok(Ok(Requested {
                parameters: arrived.clone(),
                carriage: Carriage::PLAIN,
                client,
                pushed: None,
            }));
        }
        let Some(client) = client.filter(|c| !c.disabled) else {
            return Ok(Err(AuthorizeRefusal::Page(Reason::ClientUnknown.into())));
        };
        let carried = match carrier {
            Ok(carrier) => self.carried(carrier, &client, arrived, context).await,
            Err(refusal) => Err(refusal.into()),
        };
        match carried {
            Err(Failure::Refused(refusal)) => Ok(Err(refuse(arrived, &client, refusal))),
            Err(fault) => Err(fault),
            Ok(requested) => Ok(Ok(Requested {
                client: Some(client),
                ..requested
            })),
        }
    }

    async fn carried(
        &self,
        carrier: Carrier<'_>,
        client: &Client,
        outer: &Parameters,
        context: &RequestContext,
    ) -> Result<Requested, Failure> {
        let entrance = Entrance::Authorization;
        let arrived = Arrived {
            client,
            outer,
            entrance,
        };
        let opened = match carrier {
            Carrier::Parameters => Opened {
                parameters: outer.clone(),
                signed: false,
            },
            Carrier::Pushed(reference) => return self.brought(reference, client, context).await,
            Carrier::Object(object) => self.opened(object, &arrived, context).await?,
            Carrier::Address(request_uri) => {
                let address = ObjectAddress::check(client, request_uri)?;
                let content = self.object_at(&address, context.here.now).await?;
                let object = address.object(&content)?;
                self.opened(object, &arrived, context).await?
            }
        };
        Ok(Requested {
            parameters: opened.parameters,
            carriage: Carriage {
                pushed: false,
                signed: opened.signed,
            },
            client: None,
            pushed: None,
        })
    }

    /// The request object inside of an encryption, or the one that came without.
    async fn decrypted<'a>(&self, object: &'a str) -> Result<Cow<'a, str>, Failure> {
        let Some(jwe) = encrypted::around(object)? else {
            return Ok(Cow::Borrowed(object));
        };
        let issuer = &self.policy.issuer_key;
        let decrypted = self.signer.decrypt(issuer, &jwe).await?;
        Ok(Cow::Owned(encrypted::inside(decrypted)?))
    }

    /// Opens a request object; the client's keys are fetched where it publishes them.
    ///
    /// # Errors
    /// What [`encrypted`] and [`open`] refuse; [`Reason::RequestObjectKeysUnavailable`]; a fault.
    pub(super) async fn opened(
        &self,
        object: &str,
        arrived: &Arrived<'_>,
        context: &RequestContext,
    ) -> Result<Opened, Failure> {
        let now = context.here.now;
        let object = &*self.decrypted(object).await?;
        let mut keys = FetchedKeys::default();
        for _ in 0..3 {
            let facts = ObjectFacts {
                client: arrived.client,
                object,
                outer: arrived.outer,
                entrance: arrived.entrance,
                keys: &keys,
            };
            match open(&facts, now, &self.policy).outcome {
                Outcome::Done(opened) => return Ok(opened),
                Outcome::Refused(refusal) => return Err(refusal.into()),
                Outcome::Need(asks) => {
                    keys = self.fetched_keys(&asks, now).await.map_err(unavailable)?;
                }
            }
        }
        Err(endless())
    }
}

/// Told to a browser, missing keys are a matter of the object, not of a client that authenticates.
fn unavailable(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(Refusal {
            reason: Reason::ClientKeysUnavailable,
            ..
        }) => Reason::RequestObjectKeysUnavailable.into(),
        other => other,
    }
}
