//! What documents tell people to type works: commands are understood, statements run on the database as it is, and the page
//! of each alert says what its rule says.

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path};

use payment_tests::database::TestStore;

/// A document and its text.
type Document = (String, String);

/// Every document for people, but those of dependencies.
fn documents() -> Vec<Document> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for folder in ["", "docs", "docs/alerts", "docs/adr", "deploy", "deploy/observability", "paymentctl"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

/// The fenced blocks of a text in this language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    text.split(begin.as_str()).skip(1).map(|after| after.split("```").next().unwrap()).collect()
}

/// The commands that a text tells people to type: lines of blocks, and words between backticks.
fn commands(text: &str) -> Vec<String> {
    let of_blocks = blocks(text, "sh").into_iter().flat_map(str::lines).map(str::trim);
    let of_words = text.split('`').skip(1).step_by(2).filter(|word| !word.contains('\n'));
    let tools = ["paymentctl ", "payment-server "];
    let is_command = |line: &&str| tools.iter().any(|tool| line.starts_with(tool));
    of_blocks.chain(of_words).filter(is_command).map(str::to_owned).collect()
}

/// The words of a command as a shell would hand them over; what comes after it on the line is not its own.
fn words(command: &str) -> Vec<OsString> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for character in command.chars().chain([' ']) {
        match character {
            '"' => quoted = !quoted,
            '#' | '|' | '&' | '>' if !quoted && word.is_empty() => break,
            ' ' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word).into());
                }
            }
            other => word.push(other),
        }
    }
    words
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let (mut understood, mut wrong) = (0, Vec::new());
    for (document, text) in documents() {
        for command in commands(&text) {
            let words = words(&command);
            let checked = if words[0] == "paymentctl" {
                paymentctl::check(words)
            } else {
                payment_server::command_line::check(words)
            };
            match checked {
                Ok(()) => understood += 1,
                Err(told) => wrong.push(format!("{document}: {command}\n{told}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(understood > 60, "only {understood} commands were found");
    let wrong = commands("Say `paymentctl refund list --attention`.");
    assert!(paymentctl::check(words(&wrong[0])).is_err(), "a command that there is not is noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_in_the_documents_runs() {
    let store = TestStore::new(1).await;
    let mut run = 0;
    for (document, text) in documents() {
        for statements in blocks(&text, "sql") {
            store
                .observer
                .batch_execute(&format!("BEGIN READ ONLY; {statements}; ROLLBACK"))
                .await
                .unwrap_or_else(|error| panic!("{document}: {error:?}: {statements}"));
            run += 1;
        }
    }
    assert!(run > 4, "only {run} blocks were found");
}

/// The value of `key` in a rule of the rule file.
fn value<'a>(rule: &'a str, key: &str) -> &'a str {
    rule.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap_or_else(|| panic!("{key}: {rule}"))
}

#[test]
fn each_alerts_page_says_what_its_rule_says_and_what_to_do() {
    let documents = documents();
    let page = |name: &str| {
        let found = documents.iter().find(|(document, _)| document == name);
        &found.unwrap_or_else(|| panic!("{name} is missing")).1
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let rules = fs::read_to_string(root.join("deploy/observability/alerts.yaml")).unwrap();
    let mut names = BTreeSet::new();
    for rule in rules.split("- alert: ").skip(1) {
        let name = rule.lines().next().unwrap();
        let (summary, severity) = (value(rule, "summary: "), value(rule, "severity: "));
        let after = match value(rule, "for: ") {
            "0m" => "after the first look".to_owned(),
            time => format!("after {time}"),
        };
        let text = page(&format!("docs/alerts/{name}.md"));
        let head = format!("# {name}\n\n{summary}. Severity: {severity}, {after}.\n");
        assert!(text.starts_with(&head), "docs/alerts/{name}.md does not begin with:\n{head}");
        let parts: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(parts, ["## What it means", "## Where to look", "## What to do"], "{name}");
        let line = format!("| [{name}]({name}.md) | {severity} | {summary} |");
        assert!(page("docs/alerts/README.md").contains(&line), "docs/alerts/README.md lacks: {line}");
        names.insert(name.to_owned());
    }
    assert!(names.len() > 20, "{names:?}");
}
