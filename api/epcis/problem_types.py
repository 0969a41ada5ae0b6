"""The exceptions of the EPCIS 2.0 REST binding, one row each (its OpenAPI file, `responses`).

`type` in a problem is `epcisException:` and the name, as the standard has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from api.problem_types import ProblemType
from park.telemetry import Text


@dataclass(frozen=True, slots=True)
class EpcisException(ProblemType):
    """One exception of the standard; its slug is the standard's name."""

    @property
    def address(self) -> str:
        """The `type` member of a problem."""
        return f"epcisException:{self.slug}"


def _row(name: str, status: int, en: str, zh: str) -> EpcisException:
    return EpcisException(name, status, Text(en, zh), Text(en, zh))


_VALIDATION = "ValidationException"
_IMPLEMENTATION = "ImplementationException"

_ROWS = (
    _row(_VALIDATION, 400, "The request breaks the standard", "请求不符合标准"),
    _row("QueryValidationException", 400, "The query breaks the standard", "查询不符合标准"),
    _row("QueryParameterException", 400, "A query parameter can't be used", "查询参数无法使用"),
    _row("SubscriptionControlsException", 400, "The subscription can't be made", "无法建立该订阅"),
    _row("SecurityException", 403, "That isn't permitted", "没有权限"),
    _row("NoSuchResourceException", 404, "There is no such resource", "资源不存在"),
    _row("NotAcceptableException", 406, "No answer in that form", "无法以所要求的形式回答"),
    _row("ResourceAlreadyExistsException", 409, "The resource exists already", "资源已存在"),
    _row("CaptureLimitExceededException", 413, "More than is captured at once", "超出一次采集上限"),
    _row("QueryTooLargeException", 413, "More events fit than allowed", "符合条件的事件过多"),
    _row("QueryTooComplexException", 413, "The query is too complex", "查询过于复杂"),
    _row("URITooLongException", 414, "The address is too long", "地址过长"),
    _row(
        "UnsupportedMediaTypeException", 415, "A body of that type isn't read", "不支持该正文类型"
    ),
    _row(_IMPLEMENTATION, 500, "The server has a problem", "服务器出现问题"),
)

EPCIS_EXCEPTIONS: Mapping[str, EpcisException] = MappingProxyType({row.slug: row for row in _ROWS})
"""By name."""

METHOD_NOT_ALLOWED = _row(
    _IMPLEMENTATION, 405, "This address doesn't take that method", "此地址不支持该请求方法"
)
NOT_IMPLEMENTED = _row(_IMPLEMENTATION, 501, "That isn't offered here", "此处不提供该功能")
UNAVAILABLE = _row(
    _IMPLEMENTATION, 503, "The database doesn't answer; try again", "数据库无响应，请稍后重试"
)
FULL = _row(
    _IMPLEMENTATION,
    507,
    "The server's disk is full; nothing was stored",
    "服务器磁盘已满，未写入数据",
)
BUSY = _row(
    _IMPLEMENTATION, 503, "More comes in than the server can hold", "服务器当前请求过多，请稍后重试"
)
TOO_SLOW = _row(_IMPLEMENTATION, 408, "The body came too slowly", "请求正文传输过慢")
