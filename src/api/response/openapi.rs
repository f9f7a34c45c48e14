//! The OpenAPI 2 document of the root (POSTGREST.md §17).
