//! The types of events, as the document of the routes lists them.

use standing_projections::event::Kind;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// An event's type, for its schema alone.
pub(in crate::http) struct EventType;

impl PartialSchema for EventType {
    fn schema() -> RefOr<Schema> {
        let names = Kind::ALL.iter().map(|kind| kind.as_str());
        let object = ObjectBuilder::new().schema_type(Type::String);
        object.enum_values(Some(names)).into()
    }
}

impl ToSchema for EventType {}
