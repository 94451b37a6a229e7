# Makes page_files.cc of the page's files, so that the binary needs nothing beside it:
# cmake -DFOLDER=src/web/page -DOUTPUT=page_files.cc -P embed.cmake
set(files "/|text/html|index.html" "/page.css|text/css|page.css" "/page.js|text/javascript|page.js")
set(rows "")
foreach(file IN LISTS files)
  string(REPLACE "|" ";" parts "${file}")
  list(GET parts 0 path)
  list(GET parts 1 type)
  list(GET parts 2 name)
  file(READ "${FOLDER}/${name}" text)
  string(APPEND rows "    {\"${path}\", \"${type}; charset=utf-8\", R\"balancefs(${text})balancefs\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Made by cmake/embed.cmake from src/web/page.
#include \"web/page_files.h\"

#include <array>

namespace balancefs {

std::span<const PageFile> page_files() {
  static constexpr std::array kFiles = std::to_array<PageFile>({
${rows}  });
  return kFiles;
}

}  // namespace balancefs
")
