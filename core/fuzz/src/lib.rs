//! What do the fuzz targets share? An executor that reads, and a mechanism that seals.

pub mod reading;
pub mod tag;
