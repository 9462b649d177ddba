use pki::pem;

use super::server::Behaviour;
use super::*;

/// What a server does where a newer list is due.
type Trick = fn(&Scene) -> Behaviour;

fn gives(body: Vec<u8>) -> Behaviour {
    Behaviour::Answers(Arc::new(move |_| body.clone()))
}

const TRICKS: [(&str, &str, Trick); 9] = [
    ("down", "broken_off", |_| Behaviour::Down),
    ("endless", "too_large", |_| Behaviour::Endless),
    ("trouble", "status 503", |_| {
        Behaviour::Raw("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".to_owned())
    }),
    ("elsewhere", "status 302", |_| {
        let to = "http://10.0.0.1/ca.crl";
        Behaviour::Raw(format!(
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
        ))
    }),
    ("nonsense", "der_malformed", |_| {
        gives(vec![0x30, 3, 1, 2, 3])
    }),
    ("another's", "crl_signer_wrong", |_| {
        let other = Authority::root("CA khác", Key::p256(), moment());
        gives(other.list(&ListTemplate::at(moment())))
    }),
    ("a namesake's", "signature_wrong", |scene| {
        let namesake = scene.root.below("CA công cộng thử nghiệm", Key::p256());
        gives(namesake.list(&ListTemplate::at(moment())))
    }),
    ("an old one", "older_than_kept", |scene| {
        gives(scene.made(26, &[]))
    }),
    ("one of tomorrow", "from_the_future", |scene| {
        gives(scene.made(-2, &[]))
    }),
];

/// Nothing that does not count takes the place of what was known, and the rule for outages decides.
#[tokio::test]
async fn whatever_a_server_does_the_last_good_list_stays() {
    let good = OutageRule::LastGood { hours: 2 };
    for (name, word, trick) in TRICKS {
        let mut scene = Scene::listed().await;
        scene.server.give(scene.made(25, &[]));
        assert_eq!(scene.judge(hours_ago(24)).await, Ok(false), "{name}");

        scene.server.behave(trick(&scene));
        let refused = Err(Rejection::CrlOutOfDate);
        assert_eq!(scene.judge(NOW).await, refused, "{name}");
        assert_eq!(scene.heard.last(), word, "{name}");
        scene.bear_outages(good);
        assert_eq!(scene.judge(NOW).await, Ok(true), "{name}");
        scene.bear_outages(OutageRule::LastGood { hours: 1 });
        let later = NOW + Duration::from_secs(60);
        assert_eq!(scene.judge(later).await, refused, "{name}");
        // A restart changes nothing.
        let again = scene.other_node();
        scene.bear_outages(good);
        assert_eq!(scene.known(&again, NOW).await, Ok(true), "{name}");
    }
}

#[tokio::test]
async fn nobody_waits_long_for_a_slow_server() {
    let mut scene = Scene::listed().await;
    scene.server.give(scene.made(25, &[]));
    assert_eq!(scene.judge(hours_ago(24)).await, Ok(false));
    scene.server.behave(Behaviour::Slow);
    scene.bear_outages(OutageRule::LastGood { hours: 2 });
    let begun = std::time::Instant::now();
    assert_eq!(scene.judge(NOW).await, Ok(true));
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(7), "{took:?}");
}

#[tokio::test]
async fn a_new_list_counts_at_once_in_der_and_in_pem() {
    for revoked in [&[][..], &[SERIAL]] {
        for as_pem in [false, true] {
            let scene = Scene::listed().await;
            scene.server.give(scene.made(25, &[]));
            assert_eq!(scene.judge(hours_ago(24)).await, Ok(false));
            let list = scene.made(1, revoked);
            let body = if as_pem { to_pem(&list) } else { list };
            scene.server.give(body);
            let expected = if revoked.is_empty() {
                Ok(false)
            } else {
                Err(Rejection::Revoked)
            };
            assert_eq!(scene.judge(NOW).await, expected, "{as_pem}");
        }
    }
}

fn to_pem(der: &[u8]) -> Vec<u8> {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let block = format!(
        "-----BEGIN X509 CRL-----\n{}\n-----END X509 CRL-----\n",
        lines.join("\n")
    );
    assert!(pem::der_or_pem(pem::Label::RevocationList, block.as_bytes()).is_ok());
    block.into_bytes()
}

#[tokio::test]
async fn one_request_serves_everybody_who_waits_and_every_node() {
    let scene = Scene::listed().await;
    scene.server.give(scene.made(1, &[]));
    let all = (0..20).map(|_| scene.judge(NOW));
    for verdict in futures::future::join_all(all).await {
        assert_eq!(verdict, Ok(false));
    }
    assert_eq!(scene.server.asked(), 1);
    let other = scene.other_node();
    assert_eq!(scene.known(&other, NOW).await, Ok(false));
    assert_eq!(scene.judge_at(&other, NOW).await, Ok(false));
    assert_eq!(scene.server.asked(), 1);
    // Due again after three quarters of its life.
    let due = NOW + Duration::from_secs(18 * 3600);
    assert_eq!(scene.judge(due).await, Ok(false));
    assert_eq!(scene.server.asked(), 2);
}

#[tokio::test]
async fn who_fails_is_left_alone_for_a_while() {
    let scene = Scene::listed().await;
    let unknown = Err(Rejection::RevocationUnknown);
    for (seconds, asked) in [(0, 1), (30, 1), (59, 1), (60, 2)] {
        let now = NOW + Duration::from_secs(seconds);
        assert_eq!(scene.judge(now).await, unknown);
        assert_eq!(scene.server.asked(), asked, "{seconds}");
    }
    // It is said once.
    assert_eq!(scene.heard.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn lists_of_the_operator_are_fetched_before_anybody_asks() {
    let mut scene = Scene::new(|template, _| template).await;
    let address = format!("{}/ca.crl", scene.server.url());
    scene.trust.anchors[0].revocation.list_addresses = vec![address];
    scene.server.give(scene.made(1, &[]));
    let trust = scene.trust.clone();
    scene.status.prefetch(&trust, NOW).await;
    assert_eq!(scene.known(&scene.status, NOW).await, Ok(false));
    for (hours, asked) in [(1, 1), (12, 1), (18, 2)] {
        let now = NOW + Duration::from_secs(hours * 3600);
        scene.status.prefetch(&trust, now).await;
        assert_eq!(scene.server.asked(), asked, "{hours}");
    }
    scene.trust.anchors[0].distrusted_at = Some(NOW);
    let other = scene.other_node();
    other.prefetch(&scene.trust, NOW).await;
    assert_eq!(scene.server.asked(), 2);
}

#[tokio::test]
async fn hosts_that_are_not_listed_are_never_asked() {
    let scene = Scene::listed().await;
    scene.server.give(scene.made(1, &[]));
    let strict = with_fetch(&scene.records, &scene.heard, "strict", false);
    let unknown = Err(Rejection::RevocationUnknown);
    assert_eq!(scene.judge_at(&strict, NOW).await, unknown);
    assert_eq!(scene.heard.last(), "host_not_listed");
    assert_eq!(scene.server.asked(), 0);
}

#[tokio::test]
async fn lists_that_an_operator_brings_are_held_to_the_same() {
    let scene = Scene::new(|template, _| template).await;
    assert_eq!(
        scene.known(&scene.status, NOW).await,
        Err(Rejection::RevocationUnknown)
    );
    let list = scene.made(1, &[]);
    let rehearsed = scene.offer(list.clone(), true).await;
    assert_eq!(rehearsed.outcome, ListOutcome::Kept);
    assert_eq!(rehearsed.this_update, Some(hours_ago(1)));
    assert_eq!(
        scene.known(&scene.status, NOW).await,
        Err(Rejection::RevocationUnknown)
    );
    assert_eq!(scene.bring(list.clone()).await, ListOutcome::Kept);
    assert_eq!(scene.bring(to_pem(&list)).await, ListOutcome::Known);
    assert_eq!(scene.known(&scene.status, NOW).await, Ok(false));
    let other = Authority::root("CA khác", Key::p256(), moment());
    for (list, word) in [
        (other.list(&ListTemplate::at(moment())), "crl_signer_wrong"),
        (scene.made(2, &[SERIAL]), "older_than_kept"),
        (b"-----BEGIN".to_vec(), "pem_malformed"),
    ] {
        let refused = ListOutcome::Refused(word.to_owned());
        assert_eq!(scene.bring(list).await, refused);
    }
}
