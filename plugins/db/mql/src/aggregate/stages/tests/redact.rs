//! `$redact`.

use super::{Store, refused};

const FORECASTS: &str = r#"[{"_id":1,"title":"123 Department Report","level":1,"subsections":[
    {"subtitle":"Section 1","level":2,"content":"one"},{"subtitle":"Section 2","level":5,"content":"two"},
    {"subtitle":"Section 3","level":1,"content":{"level":9,"text":"three"}},7]}]"#;

#[test]
fn descends() {
    Store::of(FORECASTS).check(
        r#"[{"$redact":{"$cond":{"if":{"$lte":["$level",2]},"then":"$$DESCEND","else":"$$PRUNE"}}}]"#,
        r#"[{"_id":1,"title":"123 Department Report","level":1,"subsections":[{"subtitle":"Section 1","level":2,"content":"one"},
            {"subtitle":"Section 3","level":1},7]}]"#,
    );
}

#[test]
fn keeps_and_prunes_whole_documents() {
    let doc = r#"[{"_id":1,"a":{"b":{"secret":1}}},{"_id":2}]"#;
    Store::of(doc).check(r#"[{"$redact":"$$KEEP"}]"#, doc);
    Store::of(doc).check(r#"[{"$redact":"$$PRUNE"}]"#, "[]");
    Store::of(doc).check(
        r#"[{"$redact":{"$cond":[{"$eq":["$secret",1]},"$$PRUNE",{"$cond":[{"$eq":["$$ROOT._id",2]},"$$PRUNE","$$DESCEND"]}]}}]"#,
        r#"[{"_id":1,"a":{}}]"#,
    );
    Store::of(doc).fails(r#"[{"$redact":"$_id"}]"#, 17053);
    refused(r#"[{"$redact":"$$OTHER"}]"#, 17276);
}
