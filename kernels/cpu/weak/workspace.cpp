#include "kernels/cpu/weak/workspace.h"

#include <memory>

namespace eden {

Workspace& workspace() {
  thread_local const std::unique_ptr<Workspace> own = std::make_unique<Workspace>();
  return *own;
}

}  // namespace eden
