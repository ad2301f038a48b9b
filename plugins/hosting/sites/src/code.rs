//! Stable codes of what goes wrong here.

/// Website hosting is not open in the space.
pub const NOT_OPENED: &str = "InvalidWebHosting.NotOpened";
/// There is no such file.
pub const FILE_NOT_FOUND: &str = "InvalidFilePath.NotFound";
/// There is no such deployment, or it has expired.
pub const DEPLOYMENT_NOT_FOUND: &str = "InvalidDeployment.NotFound";
/// A deployment lacks contents that its list names.
pub const INCOMPLETE: &str = "InvalidDeployment.Incomplete";
/// A deployment's list is not one.
pub const INVALID_LIST: &str = "InvalidDeployment.List";
/// There is no such release, or it is not kept any more.
pub const RELEASE_NOT_FOUND: &str = "InvalidRelease.NotFound";
/// The site would be larger than it may be.
pub const QUOTA: &str = "QuotaExceeded.WebHostingStorage";
/// The site would have more files than it may have.
pub const TOO_MANY_FILES: &str = "QuotaExceeded.WebHostingFiles";
/// What is uploaded is too large: the vendor's object storage has it.
pub const TOO_LARGE: &str = "EntityTooLarge";
/// A form that lacks something: the vendor's object storage has it.
pub const MALFORMED: &str = "MalformedPOSTRequest";
/// What is uploaded is not what was announced.
pub const DIGEST: &str = "InvalidDigest";
