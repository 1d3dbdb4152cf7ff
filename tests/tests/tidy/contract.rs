//! What buf cannot check of the contract: that each field says whether it must be given.

use crate::repository::{assert_none, files};

/// How a field's comment may begin.
const WORDS: [&str; 4] = ["Required. ", "Required unless ", "Optional. ", "Output only. "];

/// Fields of answers need no such word: nobody gives them. All others are given or shown in several places.
#[test]
fn every_field_says_whether_it_is_required() {
    let mut fields = 0;
    let mut silent = Vec::new();
    for source in files("proto") {
        let mut reader = Reader::default();
        for (index, line) in source.text.lines().enumerate() {
            if let Some(comment) = reader.read(line) {
                fields += 1;
                if !WORDS.iter().any(|word| comment.starts_with(word)) {
                    silent.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
                }
            }
        }
    }
    assert!(fields > 30, "only {fields} fields were found");
    assert_none("fields that do not say whether they are required", silent);
}

/// Reads a file of the contract line by line, as `buf format` writes it.
#[derive(Default)]
struct Reader {
    open: Vec<Block>,
    /// The first line of the comment above.
    comment: Option<String>,
}

#[derive(PartialEq)]
enum Block {
    /// A message whose fields speak.
    Message,
    /// An answer, an enum, a service; and the choices of a oneof, which speaks for them.
    Other,
}

impl Reader {
    /// The comment of the field in this line, if it holds one that must speak.
    fn read(&mut self, line: &str) -> Option<String> {
        let line = line.trim();
        if let Some(text) = line.strip_prefix("//") {
            self.comment.get_or_insert_with(|| text.trim_start().to_owned() + " ");
            return None;
        }
        let comment = self.comment.take().unwrap_or_default();
        let must_speak = self.open.last() == Some(&Block::Message);
        match line.split(' ').next().unwrap_or_default() {
            "message" if line.ends_with('{') => {
                let is_answer = line.contains("Response {");
                self.open.push(if is_answer { Block::Other } else { Block::Message });
                None
            }
            "oneof" => {
                self.open.push(Block::Other);
                must_speak.then_some(comment)
            }
            "}" => {
                self.open.pop();
                None
            }
            _ if line.ends_with('{') => {
                self.open.push(Block::Other);
                None
            }
            _ => (must_speak && line.ends_with(';')).then_some(comment),
        }
    }
}
