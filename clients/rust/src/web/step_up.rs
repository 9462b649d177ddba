//! Handlers that demand a stronger or a more recent sign-in.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::extract::asked_for;
use super::{RelyingParty, SignedIn};
use crate::address::ReturnTo;
use crate::clock;
use crate::sign_in::SignInRequest;
use crate::step_up::Demand;

/// What a group of handlers demands; a type of the application's, named once.
///
/// ```
/// use std::time::Duration;
/// use idp_relying_party::Demand;
/// use idp_relying_party::web::{StepUp, SteppedUp};
///
/// struct Signing;
///
/// impl StepUp for Signing {
///     fn demand() -> Demand {
///         Demand::acr(["urn:vn:nd69-2024:loa:3"]).max_age(Duration::from_secs(300))
///     }
/// }
///
/// async fn sign(official: SteppedUp<Signing>) -> String {
///     official.person.sub.clone()
/// }
/// ```
pub trait StepUp: Send + Sync + 'static {
    /// What the sign-in must have been like.
    fn demand() -> Demand;
}

/// The session of a person who signed in as `P` demands; read it like a
/// [`Session`](crate::session::Session).
///
/// Who is not signed in, or not so, is sent to the provider with the demand on a page request (GET
/// or HEAD), and comes back to the page; nobody but the same person may come back
/// (`id_token_other_person`). Any other request is answered 401: its body could not be repeated, so
/// let the page with the form demand the same.
pub struct SteppedUp<P> {
    signed_in: SignedIn,
    demand: PhantomData<P>,
}

impl<P> std::fmt::Debug for SteppedUp<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SteppedUp").field(&self.signed_in).finish()
    }
}

impl<P> Deref for SteppedUp<P> {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.signed_in
    }
}

impl<S, P> FromRequestParts<S> for SteppedUp<P>
where
    S: Send + Sync,
    P: StepUp,
    RelyingParty: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let relying_party = RelyingParty::from_ref(state);
        let found = relying_party.find(&parts.headers).await;
        let signed_in = found.map_err(|error| relying_party.failed(&error))?;
        let demand = P::demand();
        let person = match signed_in {
            Some(signed_in) if relying_party.meets(&signed_in, &demand) => {
                let demand = PhantomData;
                return Ok(Self { signed_in, demand });
            }
            other => other.map(|signed_in| signed_in.person.sub.clone()),
        };
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return Err(StatusCode::UNAUTHORIZED.into_response());
        }
        let back = ReturnTo::from(asked_for(parts));
        let wish = relying_party.stepping_up(demand, person.as_deref(), back);
        Err(relying_party.sign_in(wish, &parts.headers).await)
    }
}

impl RelyingParty {
    /// True when this person's sign-in meets `demand` now.
    #[must_use]
    pub fn meets(&self, signed_in: &SignedIn, demand: &Demand) -> bool {
        let tolerance = self.client.settings().tolerance();
        demand.is_met_by(&signed_in.authentication, clock::now(), tolerance)
    }

    /// Sends this person to the provider and back to `return_to`, for a demand that is known only
    /// while a request is served: a resource server's [`Challenge`](crate::Challenge), say.
    pub async fn step_up(
        &self,
        signed_in: &SignedIn,
        demand: Demand,
        return_to: ReturnTo,
        headers: &HeaderMap,
    ) -> Response {
        let sub = signed_in.person.sub.as_str();
        self.sign_in(self.stepping_up(demand, Some(sub), return_to), headers)
            .await
    }

    /// Sends the browser to the provider with a wish of the application's own.
    pub async fn sign_in(&self, wish: SignInRequest, headers: &HeaderMap) -> Response {
        let begun = self.begin(wish, headers).await;
        begun.unwrap_or_else(|error| self.failed(&error))
    }

    fn stepping_up(
        &self,
        demand: Demand,
        person: Option<&str>,
        return_to: ReturnTo,
    ) -> SignInRequest {
        let wish = SignInRequest::returning_to(return_to).demanding(demand);
        match person {
            Some(sub) => wish.by_person(sub),
            None => wish,
        }
    }
}
