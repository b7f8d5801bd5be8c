"""Weak cells kept between the reads of a tensor whose key and error model do not change."""

from torch import Tensor

from eden._say import an_int
from eden._torch import recorded
from eden.access import ops
from eden.errors import Table


class KeptBytes:
    """Memory that the tensors of one attachment share.

    Args:
        size_bytes: At least 0.

    Raises:
        TypeError: For another type than an int.
        ValueError: For a negative number.
    """

    def __init__(self, size_bytes: int):
        an_int("keep_bytes", size_bytes, 0)
        self.left = size_bytes


class KeptCells:
    """The weak cells of one tensor, found at its second read since anything changed.

    Later reads only draw which of them fail. That pays in small batches: the copies of a large
    one share the search anyway. Kernels of a GPU find their cells themselves, and so does what is
    compiled or traced: a graph would never forget them.

    Args:
        budget: Of the attachment.
        bits: Of an element in DRAM.
    """

    def __init__(self, budget: KeptBytes, bits: int):
        self.budget, self.bits = budget, bits
        self.cells: Tensor | None = None
        self.elements = self.reads = 0

    def forget(self) -> None:
        """Begin anew: cells or errors are others now."""
        if self.cells is not None:
            self.budget.left += self.cells.nbytes
        self.cells, self.reads = None, 0

    def of(
        self, x: Tensor, table: Table, key: Tensor, stored: int, extent: ops.Extent
    ) -> Tensor | None:
        """Return the cells where they are known, for `eden.access.ops.read`; arguments as there."""
        if x.device.type != "cpu" or recorded():
            return None
        elements = x.numel() // extent.copies
        if elements != self.elements:
            self.forget()
            self.elements = elements
        self.reads += 1
        if self.reads == 2:
            # A list longer than the tensor in DRAM would take longer to read than to make.
            most = min(self.budget.left, elements * self.bits // 8)
            self.cells = ops.weak_cells(x, table, key, stored, extent, most)
            if self.cells is not None:
                self.budget.left -= self.cells.nbytes
        return self.cells
