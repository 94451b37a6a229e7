// The page's files, as they lie in src/web/page: cmake/embed.cmake makes page_files.cc of them.
#pragma once

#include <span>
#include <string_view>

namespace balancefs {

struct PageFile {
  std::string_view path;  ///< "/page.css"
  std::string_view type;
  std::string_view text;
};

std::span<const PageFile> page_files();

}  // namespace balancefs
