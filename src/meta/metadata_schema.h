// The versions of the metadata file's schema, as steps from each to the next.
//
// A file says its version (PRAGMA user_version) and that it is ours (application_id). An older one is brought
// to the newest, step by step, in one transaction; what is newer than we know, or not ours, is `corrupted`,
// which means that the file is begun anew. A change of the schema is one step more at the end of
// kMetadataSteps; a step that was once released never changes.
#pragma once

#include <span>

#include "meta/sqlite_database.h"

namespace balancefs {

/// "bfsm".
inline constexpr std::int64_t kMetadataApplication = 0x6266736D;

/// kMetadataSteps[n] leads from version n to n + 1; version 0 is an empty file.
std::span<const char* const> metadata_steps();

/// Leaves the file at version steps.size(), or as it was.
Result<void> migrate(SqliteDatabase& database, std::span<const char* const> steps);

}  // namespace balancefs
