//! What a client's registration and the installation demand of every authorization request,
//! beyond its being well-formed.

use crate::base::refusal::{Reason, Refusal};
use crate::model::client::Client;
use crate::policy::Policy;

/// How the parameters that count came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carriage {
    /// The client pushed them on its own connection (RFC 9126), not through the browser.
    pub pushed: bool,
    /// The client signed them (RFC 9101).
    pub signed: bool,
}

impl Carriage {
    /// Through the browser, as they are.
    pub const PLAIN: Self = Self {
        pushed: false,
        signed: false,
    };
    /// Pushed as they are.
    pub const PUSHED: Self = Self {
        pushed: true,
        signed: false,
    };
}

/// Checks how a request came.
///
/// # Errors
/// [`Reason::PushedRequestRequired`] where the client (RFC 9126 §6) or the installation (§5)
/// demands a push.
pub fn check(client: &Client, carriage: Carriage, policy: &Policy) -> Result<(), Refusal> {
    let push = policy.require_pushed || client.features.require_pushed_authorization_requests;
    if push && !carriage.pushed {
        return Err(Reason::PushedRequestRequired.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{policy, web};

    #[test]
    fn a_push_is_demanded_by_the_client_or_by_the_installation() {
        for (by_client, by_policy, carriage, allowed) in [
            (false, false, Carriage::PLAIN, true),
            (true, false, Carriage::PLAIN, false),
            (false, true, Carriage::PLAIN, false),
            (true, true, Carriage::PUSHED, true),
        ] {
            let mut client = web();
            client.features.require_pushed_authorization_requests = by_client;
            let mut policy = policy();
            policy.require_pushed = by_policy;
            let expected = (!allowed).then_some(Reason::PushedRequestRequired);
            let answer = check(&client, carriage, &policy);
            assert_eq!(
                answer.err().map(|r| r.reason),
                expected,
                "{by_client} {by_policy}"
            );
        }
    }
}
