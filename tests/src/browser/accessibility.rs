//! axe-core, when its script is at hand.

use std::path::PathBuf;

use serde_json::Value;

use super::Browser;

impl Browser {
    /// What axe-core finds wrong with the page: rule and elements, one line each. `None` when the
    /// script is not installed (`IDP_AXE`, which `./test` sets).
    pub async fn accessibility_violations(&self) -> Option<Vec<String>> {
        let script = std::fs::read_to_string(axe_path()?).ok()?;
        // Through DevTools, because the page's own policy rightly refuses injected scripts.
        let parameters = serde_json::json!({"expression": script});
        self.devtools("Runtime.evaluate", parameters).await;
        let expression = "axe.run(document).then(r => JSON.stringify(r.violations.map(v => \
             v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.target.join(' ')).join(', '))))";
        let parameters = serde_json::json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
        });
        let answer = self.devtools("Runtime.evaluate", parameters).await;
        let text = answer["result"]["value"].as_str().map(str::to_owned);
        let text = text.unwrap_or_else(|| panic!("axe did not run: {answer}"));
        let found: Value = serde_json::from_str(&text).expect("a list");
        Some(serde_json::from_value(found).expect("a list of lines"))
    }
}

fn axe_path() -> Option<PathBuf> {
    std::env::var_os("IDP_AXE")
        .map(PathBuf::from)
        .filter(|path| path.is_file())
}
