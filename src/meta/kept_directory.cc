#include "meta/kept_directory.h"

namespace balancefs {

void encode_words(DirectoryToKeep& directory, const WallTimes& times) {
  for (WordToKeep& word : directory.words) {
    const RecordPlace place(directory.group, directory.path, word.member);
    if (word.to_encode) {
      word.entries = encode_listing(*word.to_encode, times, place);
      word.said.listing = record_sum(*word.entries);
    }
    word.listing = word.said.listing;
    word.word = encode_word(word.said, place);
  }
}

}  // namespace balancefs
