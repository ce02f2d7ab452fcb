"""The operations: what each means in NumPy, and beside it what it means in a cell.

What the files of the families define without a leading underscore is found here, too.
"""

from xltransformer.ops.base import *
from xltransformer.ops.causal import *
from xltransformer.ops.elementwise import *
from xltransformer.ops.linear import *
from xltransformer.ops.loss import *
from xltransformer.ops.masking import *
from xltransformer.ops.norm import *
from xltransformer.ops.pieces import *
from xltransformer.ops.pooling import *
from xltransformer.ops.positions import *
from xltransformer.ops.reduce import *
from xltransformer.ops.relative import *
from xltransformer.ops.remembering import *
from xltransformer.ops.sampling import *
from xltransformer.ops.telling import *
from xltransformer.ops.views import *
from xltransformer.ops.words import *
