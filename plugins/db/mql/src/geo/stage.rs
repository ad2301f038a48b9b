//! `$geoNear`: the stage's parameters.

use bson::{Bson, Document};
use geo::Point;

use super::near::{Located, Near, Origin, Unit, point_of};
use super::parse::{Kind, geojson, number, pair, shown, spot};
use crate::check::{self, type_name};
use crate::collation::Collation;
use crate::error::{Code, Error, Result};
use crate::filter::Filter;

/// The parsed parameters of a `$geoNear` stage, which must be the first of its pipeline.
///
/// The stage answers the documents that [`filter`](Self::filter) accepts and that
/// [`Near::locate`] finds, by increasing distance, each after [`annotate`](Self::annotate).
#[derive(Clone, Debug)]
pub struct GeoNear {
    key: Option<String>,
    origin: Origin,
    least: Option<f64>,
    most: Option<f64>,
    multiplier: f64,
    distance_field: String,
    include_locs: Option<String>,
    query: Document,
}

impl GeoNear {
    /// Parses the stage's operand: `near` and `distanceField`, and if wanted `spherical`,
    /// `minDistance`, `maxDistance`, `query`, `distanceMultiplier`, `includeLocs` and `key`.
    ///
    /// # Errors
    /// As MongoDB 4.2: locations 16605 to 16607 for `near`, `distanceField` and `includeLocs`,
    /// 50856 to 50858 for the options that 4.2 has no more, `TypeMismatch` and `BadValue`.
    pub fn parse(operand: &Bson) -> Result<Self> {
        let options = operand.as_document().ok_or_else(|| Error::at(10065, "invalid parameter: expected an object ($geoNear)"))?;
        for (name, location) in [("limit", 50858), ("num", 50857), ("start", 50856)] {
            if options.contains_key(name) {
                return Err(Error::at(location, format!("$geoNear no longer supports the '{name}' parameter. Use a $limit stage")));
            }
        }
        let near = match options.get("near") {
            Some(near @ (Bson::Array(_) | Bson::Document(_))) => near,
            _ => return Err(Error::at(16605, "$geoNear requires a 'near' option as an Array")),
        };
        let Some(Bson::String(distance_field)) = options.get("distanceField") else {
            return Err(Error::at(16606, "$geoNear requires a 'distanceField' option as a String"));
        };
        let include_locs = match options.get("includeLocs") {
            None => None,
            Some(Bson::String(path)) => Some(field_path(path)?),
            Some(_) => return Err(Error::at(16607, "$geoNear requires that 'includeLocs' option is a String")),
        };
        let query = match options.get("query") {
            None => Document::new(),
            Some(Bson::Document(query)) => query.clone(),
            Some(_) => return Err(Error::new(Code::TypeMismatch, "query must be an object")),
        };
        let key = match options.get("key") {
            None => None,
            Some(Bson::String(key)) if key.is_empty() => return Err(Error::bad("$geoNear parameter 'key' cannot be the empty string")),
            Some(Bson::String(key)) => Some(key.clone()),
            Some(other) => {
                let found = type_name(other);
                return Err(Error::new(
                    Code::TypeMismatch,
                    format!("$geoNear parameter 'key' must be of type string but found type: {found}"),
                ));
            }
        };
        let spherical = options.get("spherical").is_some_and(crate::filter::truthy);
        Ok(Self {
            key,
            origin: origin(near, spherical)?,
            least: amount(options, "minDistance")?,
            most: amount(options, "maxDistance")?,
            multiplier: amount(options, "distanceMultiplier")?.unwrap_or(1.0),
            distance_field: field_path(distance_field)?,
            include_locs,
            query,
        })
    }

    /// The path of the geospatial index to use, if the stage names one. Without, the collection
    /// must have exactly one such index.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The distances from the stage's place to the geometries at a path: [`key`](Self::key), or
    /// the path of the only index.
    pub fn near(&self, path: &str) -> Near {
        Near::new(path, self.origin, self.least, self.most)
    }

    /// The filter that documents must match beside.
    ///
    /// # Errors
    /// As [`Filter::parse`], and `BadValue` for `$near` and `$nearSphere` in it.
    pub fn filter(&self, collation: &Collation) -> Result<Filter> {
        self.filter_knowing(collation, &[])
    }

    pub(crate) fn filter_knowing(&self, collation: &Collation, known: &[String]) -> Result<Filter> {
        let filter = Filter::parse_knowing(&self.query, collation, known)?;
        if filter.near().is_some() {
            return Err(Error::bad("Too many geoNear expressions"));
        }
        Ok(filter)
    }

    /// `query` as it was given.
    pub fn query(&self) -> &Document {
        &self.query
    }

    /// Adds the distance, times `distanceMultiplier`, and the location if `includeLocs` asks
    /// for it. What stands in the way of their paths is replaced.
    pub fn annotate(&self, doc: &mut Document, located: Located) {
        put(doc, &self.distance_field, Bson::Double(located.distance * self.multiplier));
        if let Some(path) = &self.include_locs {
            put(doc, path, located.location);
        }
    }
}

/// GeoJSON is on the sphere whatever `spherical` says, as MongoDB has it.
fn origin(near: &Bson, spherical: bool) -> Result<Origin> {
    match near {
        Bson::Document(doc) if doc.contains_key("type") => match geojson(doc)? {
            (Kind::Point, geometry) => point_of(&geometry),
            _ => None,
        }
        .ok_or_else(|| Error::bad(format!("$geoNear requires geojson point, given {}", shown(near)))),
        legacy => {
            let (x, y) = pair(legacy, true)?;
            if spherical { Ok(Origin::Sphere(spot(x, y)?, Unit::Radians)) } else { Ok(Origin::Plane(Point::new(x, y))) }
        }
    }
}

fn amount(options: &Document, name: &str) -> Result<Option<f64>> {
    let Some(value) = options.get(name) else {
        return Ok(None);
    };
    let amount = number(value).ok_or_else(|| Error::new(Code::TypeMismatch, format!("{name} must be a number")))?;
    if amount.is_nan() || amount < 0.0 {
        return Err(Error::bad(format!("{name} must be nonnegative")));
    }
    Ok(Some(amount))
}

/// The rules of field paths in aggregations.
fn field_path(path: &str) -> Result<String> {
    if path.is_empty() {
        return Err(Error::at(40352, "FieldPath cannot be constructed with empty string"));
    }
    check::path(path)?;
    for part in path.split('.') {
        if part.is_empty() {
            return Err(Error::at(15998, "FieldPath field names may not be empty strings."));
        }
        if part.starts_with('$') {
            return Err(Error::at(16410, "FieldPath field names may not start with '$'."));
        }
        if part.contains('\0') {
            return Err(Error::at(16411, "FieldPath field names may not contain '\\0'."));
        }
    }
    Ok(path.to_owned())
}

fn put(doc: &mut Document, path: &str, value: Bson) {
    match path.split_once('.') {
        None => {
            doc.insert(path, value);
        }
        Some((first, rest)) => match doc.get_mut(first) {
            Some(Bson::Document(inner)) => put(inner, rest, value),
            _ => {
                let mut inner = Document::new();
                put(&mut inner, rest, value);
                doc.insert(first, inner);
            }
        },
    }
}
