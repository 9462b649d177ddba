use pki::test_ca::{ResponderId, ResponseTemplate, SingleTemplate, StatusTemplate};

use super::server::Behaviour;
use super::*;

/// One whose certificate names a responder and a list, at the same server.
async fn asked() -> Scene {
    Scene::new(|template, url| template.asked_at(&format!("{url}/ocsp"))).await
}

impl Scene {
    /// Answers as the authority does, or with another nonce.
    fn respond(&self, status: StatusTemplate, nonce: Option<u8>) {
        let mut single = SingleTemplate::good(&self.between, &self.person);
        single.status = status;
        single.this_update = moment().plus(-60);
        let by = ResponderId::name_of(&self.between.parsed());
        let template = ResponseTemplate::new(by, vec![single], moment());
        let authority = self.between.clone();
        self.server.answer(move |request| {
            let mut template = template.clone();
            // The nonce is the last thing in a request.
            let sent = &request[request.len() - 32..];
            template.nonce = Some(nonce.map_or(sent.to_vec(), |octet| vec![octet; 32]));
            template.sign(&authority.key)
        });
    }
}

#[tokio::test]
async fn the_responder_is_asked_and_its_word_counts() {
    for (status, expected) in [
        (StatusTemplate::Good, Ok(false)),
        (
            StatusTemplate::Revoked(moment().plus(-9), None),
            Err(Rejection::Revoked),
        ),
        (StatusTemplate::Unknown, Err(Rejection::RevocationUnknown)),
    ] {
        let scene = asked().await;
        // A list that says otherwise is not asked for.
        assert_eq!(scene.bring(scene.made(1, &[])).await, ListOutcome::Kept);
        scene.respond(status, None);
        assert_eq!(scene.judge(NOW).await, expected);
        assert_eq!(scene.known(&scene.other_node(), NOW).await, expected);
        assert_eq!(scene.server.asked(), 1);
    }
}

#[tokio::test]
async fn where_no_answer_counts_lists_are_asked() {
    for (name, word, trick) in [
        ("down", "broken_off", Behaviour::Down),
        ("endless", "too_large", Behaviour::Endless),
        (
            "nonsense",
            "der_malformed",
            Behaviour::Answers(Arc::new(|_| vec![0x30, 1])),
        ),
        (
            "later",
            "ocsp_try_later",
            Behaviour::Answers(Arc::new(|_| ResponseTemplate::refusal(3))),
        ),
    ] {
        let scene = asked().await;
        scene.server.behave(trick);
        let unknown = Err(Rejection::RevocationUnknown);
        assert_eq!(scene.judge(NOW).await, unknown, "{name}");
        assert_eq!(scene.heard.last(), word, "{name}");
        assert_eq!(scene.bring(scene.made(1, &[])).await, ListOutcome::Kept);
        assert_eq!(scene.judge(NOW).await, Ok(false), "{name}");
        // Asked once: it is left alone for a minute.
        assert_eq!(scene.server.asked(), 1, "{name}");
    }
}

/// An answer that was made for another question, though good at its time, is none.
#[tokio::test]
async fn an_answer_with_another_nonce_is_a_replay() {
    let scene = asked().await;
    scene.respond(StatusTemplate::Good, Some(7));
    let unknown = Err(Rejection::RevocationUnknown);
    assert_eq!(scene.judge(NOW).await, unknown);
    assert_eq!(scene.heard.last(), "ocsp_nonce_wrong");
    assert_eq!(scene.known(&scene.other_node(), NOW).await, unknown);
}

#[tokio::test]
async fn answers_are_asked_for_again_after_a_quarter_of_the_age_that_the_rule_bears() {
    let mut scene = asked().await;
    scene.trust.anchors[0].revocation.answer_seconds = 4 * 3600;
    scene.respond(StatusTemplate::Good, None);
    for (minutes, asked) in [(0, 1), (59, 1), (60, 2)] {
        let now = NOW + Duration::from_secs(minutes * 60);
        assert_eq!(scene.judge(now).await, Ok(false), "{minutes}");
        assert_eq!(scene.server.asked(), asked, "{minutes}");
    }
    // What was good becomes revoked when it is asked for the next time.
    scene.respond(StatusTemplate::Revoked(moment(), None), None);
    let later = NOW + Duration::from_secs(2 * 3600);
    assert_eq!(scene.judge(later).await, Err(Rejection::Revoked));
}

#[tokio::test]
async fn responders_that_the_rule_forbids_are_not_asked() {
    let mut scene = asked().await;
    scene.trust.anchors[0].revocation.responders = false;
    scene.respond(StatusTemplate::Good, None);
    assert_eq!(scene.judge(NOW).await, Err(Rejection::RevocationUnknown));
    assert_eq!(scene.server.asked(), 0);
}
