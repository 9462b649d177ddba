//! Facts about the source tree, read with `syn`: what the scorecard counts and the architecture
//! test forbids. Everything under `#[cfg(test)]` is left out.

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::Visit;

/// Reads of the wall clock, as path endings.
const CLOCKS: [(&str, &str); 4] = [
    ("SystemTime", "now"),
    ("Utc", "now"),
    ("Local", "now"),
    ("OffsetDateTime", "now_utc"),
];

/// One function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its signature.
    pub line: usize,
    /// Lines from signature to closing brace.
    pub lines: usize,
    /// Arguments, the receiver included (as clippy counts).
    pub arguments: usize,
}

/// A word at a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The line, from 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
}

/// One file outside the tests.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path from the repository's root.
    pub path: PathBuf,
    /// Module path below the crate's root.
    pub module: Vec<String>,
    /// Lines that are not tests.
    pub lines: usize,
    /// Functions and methods.
    pub functions: Vec<Function>,
    /// First module names behind `crate::` (or `super` chains that reach the root).
    pub rooms_used: Vec<Mention>,
    /// Every `async` and `await`.
    pub asynchronous: Vec<Mention>,
    /// Reads of the wall clock.
    pub clock_reads: Vec<Mention>,
}

/// The repository's root.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent()
        .expect("the workspace above this crate")
        .to_owned()
}

/// All source files below `folder/src`, tests left out, ordered by path.
///
/// # Panics
/// When a file cannot be read or is not Rust.
pub fn read_crate(folder: &Path) -> Vec<SourceFile> {
    let source = folder.join("src");
    let mut paths = Vec::new();
    collect(&source, &mut paths);
    paths.sort();
    paths
        .iter()
        .filter(|path| !is_test(path))
        .map(|path| read(path, &source))
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a folder entry").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Files that hold nothing but the tests of a neighbour.
fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| {
        let stem = stem.to_string_lossy();
        stem == "tests" || stem.ends_with("_tests")
    }) || path
        .parent()
        .is_some_and(|parent| parent.ends_with("tests"))
}

fn read(path: &Path, source: &Path) -> SourceFile {
    let text = std::fs::read_to_string(path).expect("a readable file");
    let shown = path.display();
    let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{shown}: {error}"));
    let module = module_path(path.strip_prefix(source).expect("below the source folder"));
    let mut reader = Reader {
        module: module.clone(),
        ..Reader::default()
    };
    reader.items(&file.items, 0);
    SourceFile {
        path: path.strip_prefix(root()).unwrap_or(path).to_owned(),
        module,
        lines: text.lines().count() - reader.test_lines.min(text.lines().count()),
        functions: reader.functions,
        rooms_used: reader.rooms_used,
        asynchronous: reader.asynchronous,
        clock_reads: reader.clock_reads,
    }
}

fn module_path(relative: &Path) -> Vec<String> {
    let text = relative.with_extension("");
    let names = text.iter().map(|name| name.to_string_lossy().into_owned());
    names
        .filter(|name| !matches!(name.as_str(), "mod" | "lib" | "main"))
        .collect()
}

#[derive(Default)]
struct Reader {
    module: Vec<String>,
    test_lines: usize,
    functions: Vec<Function>,
    rooms_used: Vec<Mention>,
    asynchronous: Vec<Mention>,
    clock_reads: Vec<Mention>,
}

impl Reader {
    fn items(&mut self, items: &[syn::Item], depth: usize) {
        for item in items {
            let tokens = item.to_token_stream();
            if is_for_tests(item) {
                let span = tokens.span();
                self.test_lines += span.end().line + 1 - span.start().line;
                continue;
            }
            if let syn::Item::Mod(module) = item
                && let Some((_, inner)) = &module.content
            {
                self.items(inner, depth + 1);
                continue;
            }
            let mut visitor = Functions(&mut self.functions);
            visitor.visit_item(item);
            self.tokens(&tokens.into_iter().collect::<Vec<_>>(), depth);
        }
    }

    fn tokens(&mut self, tokens: &[TokenTree], depth: usize) {
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.group(&group.stream(), depth),
                TokenTree::Ident(word) => {
                    let line = word.span().start().line;
                    let word = word.to_string();
                    self.word(&word, line, &tokens[at + 1..], depth);
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    fn group(&mut self, stream: &TokenStream, depth: usize) {
        self.tokens(&stream.clone().into_iter().collect::<Vec<_>>(), depth);
    }

    fn word(&mut self, word: &str, line: usize, rest: &[TokenTree], depth: usize) {
        match word {
            "async" | "await" => {
                self.asynchronous.push(Mention {
                    line,
                    text: word.to_owned(),
                });
            }
            "crate" => {
                for room in first_names(rest) {
                    self.rooms_used.push(Mention { line, text: room });
                }
            }
            "super" => self.climb(line, rest, depth),
            _ => {
                let next = first_names(rest);
                let read = CLOCKS.iter().any(|(owner, name)| {
                    *owner == word && next.first().is_some_and(|found| found == name)
                });
                if read {
                    self.clock_reads.push(Mention {
                        line,
                        text: format!("{word}::{}", next[0]),
                    });
                }
            }
        }
    }

    /// `super::super::x` that ends at the crate's root names the room `x`.
    fn climb(&mut self, line: usize, rest: &[TokenTree], depth: usize) {
        let mut up = 1;
        let mut rest = rest;
        while first_names(rest) == ["super"] {
            up += 1;
            rest = &rest[3..];
        }
        if up >= 1 && up == self.module.len() + depth {
            for room in first_names(rest) {
                self.rooms_used.push(Mention { line, text: room });
            }
        }
    }
}

/// The names behind `::`: one, or the heads of a `{…}` list.
fn first_names(rest: &[TokenTree]) -> Vec<String> {
    let colons = rest.iter().take(2);
    let is_path = colons
        .filter(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ':'))
        .count()
        == 2;
    match rest.get(2).filter(|_| is_path) {
        Some(TokenTree::Ident(name)) => vec![name.to_string()],
        Some(TokenTree::Group(group)) => heads(group.stream()),
        _ => Vec::new(),
    }
}

/// The first word of each element of a comma-separated list.
fn heads(list: TokenStream) -> Vec<String> {
    let mut heads = Vec::new();
    let mut at_start = true;
    for token in list {
        match token {
            TokenTree::Ident(name) if at_start => {
                heads.push(name.to_string());
                at_start = false;
            }
            TokenTree::Punct(mark) if mark.as_char() == ',' => at_start = true,
            _ => at_start = false,
        }
    }
    heads
}

fn is_for_tests(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Const(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .meta
                .to_token_stream()
                .to_string()
                .replace(' ', "")
                == "cfg(test)"
    })
}

struct Functions<'a>(&'a mut Vec<Function>);

impl Functions<'_> {
    fn note(&mut self, signature: &syn::Signature, end: usize) {
        let line = signature.span().start().line;
        self.0.push(Function {
            name: signature.ident.to_string(),
            line,
            lines: end + 1 - line,
            arguments: signature.inputs.len(),
        });
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.note(&item.sig, item.block.span().end().line);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.note(&item.sig, item.block.span().end().line);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.note(&item.sig, item.span().end().line);
    }
}

#[cfg(test)]
mod tests {
    use super::Reader;

    fn reader(text: &str, module: &[&str]) -> Reader {
        let file = syn::parse_file(text).expect("Rust");
        let module = module.iter().map(|name| (*name).to_owned()).collect();
        let mut reader = Reader {
            module,
            ..Reader::default()
        };
        reader.items(&file.items, 0);
        reader
    }

    fn rooms(text: &str, module: &[&str]) -> Vec<String> {
        reader(text, module)
            .rooms_used
            .into_iter()
            .map(|mention| mention.text)
            .collect()
    }

    #[test]
    fn rooms_are_found_in_use_lists_inline_paths_and_macros() {
        let text =
            "use crate::{base::time, jose}; fn f() { crate::model::x(); m!(crate::flow::y) }";
        assert_eq!(
            rooms(text, &["oauth", "token"]),
            ["base", "jose", "model", "flow"]
        );
    }

    #[test]
    fn a_chain_of_super_counts_only_when_it_reaches_the_root() {
        assert_eq!(
            rooms("use super::super::flow::x;", &["oauth", "token"]),
            ["flow"]
        );
        assert!(rooms("use super::scope::x;", &["oauth", "token"]).is_empty());
        assert_eq!(rooms("use super::flow;", &["oauth"]), ["flow"]);
    }

    #[test]
    fn tests_are_left_out_of_lines_rooms_and_clock_reads() {
        let text = "fn a(x: u8) -> u8 {\n x\n}\n#[cfg(test)]\nmod tests {\n use crate::flow;\n \
                    fn b() { std::time::SystemTime::now(); }\n}\nasync fn c() { d().await }";
        let reader = reader(text, &["oauth"]);
        assert_eq!((reader.test_lines, reader.rooms_used.len()), (5, 0));
        assert_eq!(reader.functions.len(), 2);
        assert_eq!(
            (reader.functions[0].lines, reader.functions[0].arguments),
            (3, 1)
        );
        assert!(reader.clock_reads.is_empty());
        assert_eq!(reader.asynchronous.len(), 2);
    }

    #[test]
    fn clock_reads_are_found() {
        let text = "fn a() { chrono::Utc::now(); std::time::SystemTime::now(); Utc::today(); }";
        assert_eq!(reader(text, &[]).clock_reads.len(), 2);
    }
}
