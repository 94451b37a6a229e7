#include "meta/size_survey.h"

namespace balancefs {

void SizeSurvey::count(const InfoView& authority, const InfoView& copy) {
  const bool files = authority.type == ObjectType::file && copy.type == ObjectType::file;
  if (!files || authority.size_kind != SizeKind::exact || copy.size_kind != SizeKind::exact) return;
  Tally& tally = members_[copy.member];
  ++tally.compared;
  if (authority.size != copy.size) ++tally.different;
}

bool SizeSurvey::should_warn(MemberIndex member) {
  Tally& tally = members_[member];
  if (tally.warned || tally.compared < kEnough || tally.different <= tally.compared / 2) return false;
  tally.warned = true;
  return true;
}

}  // namespace balancefs
