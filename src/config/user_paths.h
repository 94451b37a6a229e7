// Paths as users write them: "~/x", relative to the configuration file, absolute.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace balancefs {

/// The user's home: $HOME, else the user database; "/" when neither knows one.
std::string home_directory();

/// Where file data is kept on disk when nothing says where: balancefs in $XDG_CACHE_HOME, else in ~/.cache;
/// for root without a home (a system service) /var/cache/balancefs.
std::string usual_cache_folder();

/// An absolute path: "~" and "~/x" below the home, relative ones below `folder` (absolute). The error says
/// what is wrong with the text: empty, a NUL in it, or "~name". Whether anything is there is not looked at.
std::expected<std::string, std::string> resolve_user_path(std::string_view text, const std::string& folder);

}  // namespace balancefs
