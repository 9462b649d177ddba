//! Back-Channel Logout: who is told that a session is over (OpenID Connect Back-Channel Logout 1.0).

use std::collections::BTreeSet;

use crate::base::entropy::Entropy;
use crate::base::seal::SealingKey;
use crate::base::time::Timestamp;
use crate::jose::base64url;
use crate::model::OutboxId;
use crate::model::SessionId;
use crate::model::client::Client;
use crate::model::grant::Grant;
use crate::model::outbox::{LogoutPayload, OutboxEntry, OutboxKind, OutboxState};

/// A session that is over, with what was granted in it.
#[derive(Clone, Copy, Debug)]
pub struct EndedSession<'a> {
    /// The session; its text is the `sid` of the logout tokens.
    pub session: SessionId,
    /// The person's grants, in any state: a client whose grant was revoked may still show the
    /// person as signed in. Those of other sessions are passed over, so that nobody learns of a
    /// session it never saw.
    pub grants: &'a [Grant],
    /// The user's public subject at the issuer.
    pub sub: &'a str,
}

/// One delivery for each client that was let in during the session and registered a
/// `backchannel_logout_uri` (§2.2), due at once. A client with several grants is told once;
/// clients missing from `clients` are left out. Payloads rest sealed and hold `sub` and `sid`
/// only; the logout token itself is made and signed at delivery, so that its `iat` is fresh.
pub fn deliveries(
    ended: EndedSession<'_>,
    clients: &[Client],
    sealing: &SealingKey,
    now: Timestamp,
    entropy: &mut Entropy,
) -> Vec<OutboxEntry> {
    let granted: BTreeSet<_> = ended
        .grants
        .iter()
        .filter(|g| g.session == ended.session)
        .map(|g| (&g.issuer, &g.client))
        .collect();
    let payload = LogoutPayload {
        sub: ended.sub.to_owned(),
        sid: ended.session.to_string(),
    };
    // A struct of two texts: writing it cannot fail.
    let plain = serde_json::to_vec(&payload).unwrap_or_default();
    clients
        .iter()
        .filter(|c| c.backchannel_logout_uri.is_some() && granted.contains(&(&c.issuer, &c.id)))
        .map(|client| {
            let id = OutboxId::generate(now, entropy);
            let sealed = sealing.seal(&OutboxEntry::seal_name(id), &plain, entropy);
            OutboxEntry {
                id,
                issuer: client.issuer.clone(),
                kind: OutboxKind::BackChannelLogout,
                client: client.id.clone(),
                payload: base64url::encode(&sealed),
                state: OutboxState::Pending,
                attempts: 0,
                due_at: now,
                created_at: now,
                last_error: String::new(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::client::ClientKind;

    #[test]
    fn each_listening_client_of_the_session_is_told_once() {
        let mut entropy = Entropy::from_seed(&[4; 32]);
        let sealing = SealingKey::derive(&[1; 32], "outbox").unwrap();
        let mut told = sample::client(ClientKind::Web, &[]);
        told.backchannel_logout_uri = Some("https://rp.example/logout".into());
        let mut silent = told.clone();
        silent.id = sample::client_id("silent");
        silent.backchannel_logout_uri = None;
        let mut stranger = told.clone();
        stranger.id = sample::client_id("stranger");
        let session = sample::session(sample::user("an").id);
        // Let in by another session of the same person: this one is none of its business.
        let mut elsewhere = told.clone();
        elsewhere.id = sample::client_id("elsewhere");
        let mut other_session = session.clone();
        other_session.id = SessionId::from_u128(77);
        let grants = [
            sample::grant(&session, &told),
            sample::grant(&session, &told),
            sample::grant(&session, &silent),
            sample::grant(&other_session, &elsewhere),
        ];
        let ended = EndedSession {
            session: session.id,
            grants: &grants,
            sub: "sub",
        };
        let clients = [told.clone(), silent, stranger, elsewhere];
        let entries = deliveries(ended, &clients, &sealing, sample::NOW, &mut entropy);
        assert_eq!(entries.len(), 1);
        let entry = &entries[0];
        assert_eq!(
            (&entry.client, entry.state, entry.due_at),
            (&told.id, OutboxState::Pending, sample::NOW)
        );
        let sealed = base64url::decode(entry.payload.as_bytes()).unwrap();
        let plain = sealing
            .open(&OutboxEntry::seal_name(entry.id), &sealed)
            .unwrap();
        let payload: LogoutPayload = serde_json::from_slice(&plain).unwrap();
        assert_eq!(
            payload,
            LogoutPayload {
                sub: "sub".into(),
                sid: session.id.to_string()
            }
        );
    }
}
