//! `$lookup`.

use std::sync::Arc;

use bson::{Bson, Document, doc};

use super::super::bounds::value_size;
use super::super::chain::Chain;
use super::super::nested;
use super::super::operator::{Env, Inbox, Operator, Poll, Run};
use super::super::parse::{Parser, Plan};
use super::super::query::Query;
use super::fields::names;
use super::match_;
use super::unwind::Unwind;
use crate::check::{self, type_name};
use crate::error::{Error, Result};
use crate::expression::Expression;
use crate::known::Known;
use crate::path::distinct_values;

/// Documents of another collection, joined to each document.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct Lookup {
    from: String,
    into: Vec<String>,
    join: Join,
    /// The `$unwind` that follows, so that its array is never made.
    unwind: Option<Unwind>,
}

#[derive(Clone, Debug)]
enum Join {
    Equal { local: String, foreign: String },
    Pipeline { variables: Vec<(String, Expression)>, plan: Plan },
}

impl Lookup {
    pub(in crate::aggregate) fn parse(value: &Bson, parser: &mut Parser<'_>) -> Result<Self> {
        let Bson::Document(spec) = value else {
            return Err(Error::parse(format!("the $lookup specification must be an Object, but found {}", type_name(value))));
        };
        let (mut from, mut into, mut local, mut foreign, mut pipeline, mut given) = (None, None, None, None, None, None);
        for (name, value) in spec {
            let text = || match value {
                Bson::String(text) => Ok(Some(text.clone())),
                other => Err(Error::parse(format!("$lookup argument '{name}: {other}' must be a string, is type {}", type_name(other)))),
            };
            match name.as_str() {
                "from" => from = text()?,
                "as" => into = text()?,
                "localField" => local = text()?,
                "foreignField" => foreign = text()?,
                "pipeline" => pipeline = Some(value),
                "let" => match value {
                    Bson::Document(variables) => given = Some(variables),
                    other => {
                        return Err(Error::parse(format!(
                            "$lookup argument 'let: {other}' must be an object, is type {}",
                            type_name(other)
                        )));
                    }
                },
                other => return Err(Error::parse(format!("unknown argument to $lookup: {other}"))),
            }
        }
        let from = from.filter(|from| !from.is_empty()).ok_or_else(|| Error::parse("must specify 'from' field for a $lookup"))?;
        let into = names(&into.ok_or_else(|| Error::parse("must specify 'as' field for a $lookup"))?)?;
        let join = match (pipeline, local, foreign) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
                return Err(Error::parse("$lookup with 'pipeline' may not specify 'localField' or 'foreignField'"));
            }
            (Some(pipeline), None, None) => {
                let Bson::Array(stages) = pipeline else {
                    return Err(Error::new(crate::Code::TypeMismatch, "'pipeline' option must be specified as an array"));
                };
                let variables = parser.bindings(given.unwrap_or(&Document::new()))?;
                let known = parser.known().with(variables.iter().map(|(name, _)| name.as_str())).checked()?;
                Join::Pipeline { variables, plan: parser.nested("$lookup", known, stages)? }
            }
            (None, _, _) if given.is_some() => {
                return Err(Error::parse("$lookup with a 'let' argument must also specify 'pipeline'"));
            }
            (None, Some(local), Some(foreign)) => {
                names(&local)?;
                names(&foreign)?;
                Join::Equal { local, foreign }
            }
            _ => {
                return Err(Error::parse("$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified"));
            }
        };
        Ok(Self { from, into, join, unwind: None })
    }

    /// Takes over the `$unwind` that follows, if it is one of the joined documents.
    pub(in crate::aggregate) fn absorb(&mut self, unwind: &Unwind) -> bool {
        let fits = self.unwind.is_none() && unwind.path() == self.into;
        if fits {
            self.unwind = Some(unwind.clone());
        }
        fits
    }

    pub(in crate::aggregate) fn reads(&self, found: &mut dyn FnMut(&str)) {
        found(&self.from);
        if let Join::Pipeline { plan, .. } = &self.join {
            plan.reads(found);
        }
    }

    pub(in crate::aggregate) fn start(self: Arc<Self>) -> Box<dyn Operator> {
        Box::new(Joining { lookup: self, inbox: Inbox::default(), under_way: None })
    }

    fn begin(&self, doc: &Document, env: &Env) -> Result<(Chain, Option<Env>)> {
        match &self.join {
            Join::Equal { local, foreign } => {
                let mut values: Vec<Bson> = distinct_values(doc, local).into_iter().cloned().collect();
                if values.is_empty() {
                    values.push(Bson::Null);
                }
                let filter = match_::filter(&equals_any(foreign, values), &env.collation, &env.known())?;
                let query = Query {
                    collection: Some(self.from.clone()),
                    filter: Arc::new(filter),
                    variables: Document::new(),
                    sort: None,
                    limit: None,
                    near: None,
                };
                Ok((Chain::reading(query, Vec::new()), None))
            }
            Join::Pipeline { variables, plan } => {
                let bind = |(name, expression): &(String, Expression)| Ok((name.clone(), expression.evaluate(doc, &env.variables)?));
                let env = env.with(variables.iter().map(bind).collect::<Result<_>>()?);
                Ok((plan.start(Some(&self.from), &env), Some(env)))
            }
        }
    }
}

/// The conditions of a filter for documents in which a field equals one of some values.
pub(super) fn equals_any(path: &str, mut values: Vec<Bson>) -> Document {
    let field = |test: Document| Document::from_iter([(path.to_owned(), Bson::Document(test))]);
    // $in takes regular expressions for patterns.
    if values.iter().any(|value| matches!(value, Bson::RegularExpression(_))) {
        let each: Vec<Document> = values.into_iter().map(|value| field(doc! {"$eq": value})).collect();
        return doc! {"$or": each};
    }
    match values.pop() {
        Some(only) if values.is_empty() => field(doc! {"$eq": only}),
        Some(last) => {
            values.push(last);
            field(doc! {"$in": values})
        }
        None => field(doc! {"$in": values}),
    }
}

struct Joining {
    lookup: Arc<Lookup>,
    inbox: Inbox,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    doc: Document,
    chain: Chain,
    /// Where it is other than the outer one.
    env: Option<Env>,
    found: Vec<Bson>,
    bytes: usize,
    count: usize,
}

impl UnderWay {
    fn hold(&mut self, doc: Document, from: &str) -> Result<()> {
        let value = Bson::Document(doc);
        self.bytes += value_size(&value);
        if self.bytes > check::MAX_SIZE {
            return Err(Error::at(
                4568,
                format!("Total size of documents in {from} matching pipeline's $lookup stage exceeds {} bytes", check::MAX_SIZE),
            ));
        }
        self.found.push(value);
        Ok(())
    }
}

impl Operator for Joining {
    fn feed(&mut self, doc: Option<Document>, run: &mut Run<'_>) -> Result<()> {
        if let Some(doc) = doc {
            let (chain, env) = self.lookup.begin(&doc, run.env)?;
            self.under_way = Some(UnderWay { doc, chain, env, found: Vec::new(), bytes: 0, count: 0 });
        } else {
            self.inbox.put(None);
        }
        Ok(())
    }

    fn poll(&mut self, run: &mut Run<'_>) -> Result<Poll> {
        let lookup = &self.lookup;
        while let Some(at) = &mut self.under_way {
            match at.chain.poll(&mut Run { env: at.env.as_ref().unwrap_or(run.env), io: &mut *run.io })? {
                Poll::Document(found) => match &lookup.unwind {
                    Some(unwind) => {
                        at.count += 1;
                        return Ok(Poll::Document(unwind.with(at.doc.clone(), Bson::Document(found), at.count - 1)));
                    }
                    None => at.hold(found, &lookup.from)?,
                },
                Poll::Waiting => return Ok(Poll::Waiting),
                Poll::Hungry | Poll::End => {
                    let Some(UnderWay { mut doc, found, count, .. }) = self.under_way.take() else {
                        break;
                    };
                    match &lookup.unwind {
                        None => {
                            nested::set(&mut doc, &lookup.into, Bson::Array(found));
                            super::super::bounds::check(&doc)?;
                            return Ok(Poll::Document(doc));
                        }
                        Some(unwind) if count == 0 => {
                            nested::remove(&mut doc, &lookup.into);
                            if let Some(doc) = unwind.without(doc) {
                                return Ok(Poll::Document(doc));
                            }
                        }
                        Some(_) => {}
                    }
                }
            }
        }
        Ok(self.inbox.otherwise())
    }
}

/// Parses the variables of a `let`.
pub(in crate::aggregate) fn bindings(given: &Document, known: &Known) -> Result<Vec<(String, Expression)>> {
    let mut scope = known.scope();
    let bind = |(name, value): (&String, &Bson)| {
        variable_name(name)?;
        Ok((name.clone(), Expression::parse_in(value, &mut scope)?))
    };
    given.iter().map(bind).collect()
}

/// Checks the name of a variable that a user gives: it begins with a small letter.
fn variable_name(name: &str) -> Result<()> {
    let Some(first) = name.chars().next() else {
        return Err(Error::at(16866, "empty variable names are not allowed"));
    };
    if first.is_ascii() && !first.is_ascii_lowercase() {
        return Err(Error::at(16867, format!("'{name}' starts with an invalid character for a user variable name")));
    }
    if name.chars().any(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_') {
        return Err(Error::at(16868, format!("'{name}' contains an invalid character for a variable name")));
    }
    Ok(())
}
