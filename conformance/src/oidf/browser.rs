//! Browser automation: what the suite's own browser does on our pages, told by their stable ids.

use serde_json::{Value, json};

/// Whoever signs in during a run.
#[derive(Clone, Debug)]
pub struct Person {
    /// What is typed into `username`.
    pub username: String,
    /// What is typed into `password`.
    pub password: String,
}

/// How long the browser waits for an element, in seconds.
const WAIT: u32 = 10;

/// What the browser does with every address of ours that it is sent to, for a run whose callbacks
/// lie below `callbacks`. Tasks are walked in order; those that say so are passed over where the
/// page is another one.
pub fn automation(issuer: &str, callbacks: &str, person: &Person) -> Vec<Value> {
    let at = |path: &str| format!("{issuer}{path}*");
    let sign_in = json!({
        "task": "Sign in",
        "match": at("/sign-in"),
        "optional": true,
        "commands": [
            ["text", "id", "username", person.username],
            ["text", "id", "password", person.password],
            ["click", "id", "sign-in"],
        ],
    });
    let back = json!({
        "task": "Back at the suite",
        "match": format!("{callbacks}*"),
        "commands": [["wait", "id", "submission_complete", WAIT]],
    });
    let press = |task: &str, path: &str, id: &str| {
        json!({
            "task": task,
            "match": at(path),
            "optional": true,
            "commands": [["click", "id", id]],
        })
    };
    vec![
        json!({
            "match": at("/authorize"),
            "tasks": [
                sign_in,
                press("Choose a position", "/choose-position", "choose-position"),
                press("Consent", "/consent", "approve"),
                back,
            ],
        }),
        json!({
            "match": at("/sign-out"),
            "tasks": [
                press("Confirm the sign-out", "/sign-out", "confirm-sign-out"),
                press("Go on", "/sign-out", "continue"),
                back,
            ],
        }),
    ]
}

/// What the browser does instead in modules that must end on a page of ours below `path`: it takes
/// a picture of what has this id there, after pressing the confirmation of a sign-out.
pub fn page(issuer: &str, path: &str, shows: &str) -> Value {
    let address = format!("{issuer}{path}*");
    let mut tasks = Vec::new();
    if shows == "signed-out" {
        tasks.push(json!({
            "task": "Confirm the sign-out",
            "match": address,
            "optional": true,
            "commands": [["click", "id", "confirm-sign-out"]],
        }));
    }
    tasks.push(json!({
        "task": "A page of the provider",
        "match": address,
        "commands": [["wait", "id", shows, WAIT, ".*", "update-image-placeholder"]],
    }));
    json!({"match": address, "tasks": tasks})
}

/// Whether one of the rules is for an address, as the suite compares: `*` stands for any letters.
pub fn is_automated(rules: &[Value], address: &str) -> bool {
    let pattern = |rule: &Value| rule.get("match").and_then(Value::as_str).map(str::to_owned);
    rules
        .iter()
        .filter_map(pattern)
        .any(|pattern| fits(&pattern, address))
}

fn fits(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(begin) else {
        return false;
    };
    let mut tails = text
        .char_indices()
        .map(|(place, _)| place)
        .chain([text.len()]);
    tails.any(|place| text.get(place..).is_some_and(|tail| fits(rest, tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_compared_whole() {
        for (pattern, text, expected) in [
            ("https://op/authorize*", "https://op/authorize?a=b", true),
            ("https://op/authorize*", "https://op/authorize", true),
            ("https://op/authorize*", "https://other/authorize", false),
            (
                "https://*/callback*",
                "https://s/test/a/x/callback?code=1",
                true,
            ),
            ("https://op/", "https://op/", true),
            ("https://op/", "https://op/x", false),
            ("*a*b", "xaxxb", true),
            ("*a*b", "xaxxbc", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn every_command_names_an_element_of_our_pages() {
        let person = Person {
            username: "an".into(),
            password: "secret".into(),
        };
        let mut rules = automation("https://op", "https://s/test/a/x/", &person);
        rules.push(page("https://op", "/authorize", "error-message"));
        rules.push(page("https://op", "/sign-out", "signed-out"));
        let ids = [
            "username",
            "password",
            "sign-in",
            "choose-position",
            "approve",
            "confirm-sign-out",
            "continue",
            "signed-out",
            "error-message",
            "submission_complete",
        ];
        let tasks = rules
            .iter()
            .flat_map(|rule| rule["tasks"].as_array().unwrap());
        let commands: Vec<_> = tasks
            .flat_map(|task| task["commands"].as_array().unwrap())
            .collect();
        assert!(commands.len() > 10);
        for command in commands {
            assert_eq!(command[1], "id", "{command}");
            assert!(ids.contains(&command[2].as_str().unwrap()), "{command}");
        }
        assert!(is_automated(&rules, "https://op/authorize?x=1"));
        assert!(!is_automated(&rules, "https://op/elsewhere"));
    }
}
