"""Every kind of problem that the HTTP interface reports, one row each.

`type` in a problem is `/problems/{slug}` and never changes its meaning or its status; that
address serves the title and advice given here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from park.telemetry import Text


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem: its stable slug, HTTP status, title and what to do about it."""

    slug: str
    status: int
    title: Text
    advice: Text

    @property
    def address(self) -> str:
        """Where it is explained; the `type` member of a problem."""
        return f"/problems/{self.slug}"


def _row(slug: str, status: int, en: str, zh: str, advice_en: str, advice_zh: str) -> ProblemType:
    return ProblemType(slug, status, Text(en, zh), Text(advice_en, advice_zh))


_REQUESTS = (
    _row(
        "not-found",
        404,
        "There is nothing at this address",
        "此地址没有内容",
        "Check the address; /openapi.json lists every address of the interface.",
        "请检查地址；/openapi.json 列出全部接口地址。",
    ),
    _row(
        "foreign-page",
        403,
        "Pages of other sites may not act here",
        "不允许其他网站的页面在此操作",
        "Ask from a program, or have the operator name the page's origin in "
        "AGRIPARK_BROWSER_ORIGINS.",
        "请改用程序调用，或请管理员在 AGRIPARK_BROWSER_ORIGINS 中加入该页面的来源。",
    ),
    _row(
        "method-not-allowed",
        405,
        "This address doesn't take that method",
        "此地址不支持该请求方法",
        "The Allow header of the answer lists the methods that it takes.",
        "响应的 Allow 头列出了可用的请求方法。",
    ),
    _row(
        "malformed-json",
        400,
        "The body isn't JSON",
        "请求正文不是有效的 JSON",
        "Send one JSON object in UTF-8, neither deeply nested nor with a number out of all bounds.",
        "请发送一个 UTF-8 编码的 JSON 对象，嵌套不宜过深，数值不得超出常规范围。",
    ),
    _row(
        "unsupported-media-type",
        415,
        "The body is of a type that isn't read here",
        "不支持该正文类型",
        "Send JSON with the header Content-Type: application/json.",
        "请发送 JSON，并加上 Content-Type: application/json。",
    ),
    _row(
        "payload-too-large",
        413,
        "The body is too large",
        "请求正文过大",
        "Send at most 1,000,000 bytes; split large steps into several.",
        "正文最多 1,000,000 字节；请将大的步骤拆分。",
    ),
    _row(
        "request-too-slow",
        408,
        "The body came too slowly",
        "请求正文传输过慢",
        "Nothing was stored. Send it again, over a faster line or in smaller pieces.",
        "没有写入任何数据。请改用更快的线路或分批重新发送。",
    ),
    _row(
        "invalid-request",
        422,
        "Some of the request can't be used",
        "请求中有无法使用的内容",
        "`errors` lists each wrong member or parameter with the reason.",
        "`errors` 逐项列出错误的字段或参数及其原因。",
    ),
    _row(
        "unknown-parameter",
        422,
        "The address has a parameter that doesn't exist",
        "地址中有不存在的参数",
        "Parameters are never ignored: a misspelt filter would list everything. "
        "The detail names those that exist.",
        "参数不会被忽略：拼错的筛选条件会列出全部内容。detail 给出可用的参数。",
    ),
    _row(
        "invalid-mass",
        422,
        "A mass is impossible",
        "质量数值不合理",
        "Masses are numbers of kilograms, above 0 and at most 1,000,000; a loss may be 0.",
        "质量单位为千克，须大于 0 且不超过 1,000,000；损耗可为 0。",
    ),
    _row(
        "invalid-identifier",
        422,
        "A GS1 key is malformed",
        "GS1 编码格式错误",
        "A batch is written 01/{gtin}/10/{lot}, a pallet as the 18 digits of its SSCC.",
        "批次写作 01/{gtin}/10/{lot}，托盘写作 18 位 SSCC。",
    ),
    _row(
        "wrong-check-digit",
        422,
        "A GS1 key fails its check digit",
        "GS1 编码校验位错误",
        "The number was most likely mistyped: compare it with the label digit by digit.",
        "很可能是输入错误：请与标签逐位核对。",
    ),
    _row(
        "bad-page-token",
        422,
        "The page token can't be used",
        "分页标记无效",
        "Take `after` from the `next` of the page before, with the same filters, or leave it out.",
        "`after` 应取自上一页的 `next`，并保持筛选条件不变；也可省略。",
    ),
    _row(
        "bad-limit",
        422,
        "That many items can't be listed at once",
        "每页数量无效",
        "Ask for 1 to 1,000 items and follow `next` for more.",
        "每页 1 至 1,000 项，更多内容请用 `next` 翻页。",
    ),
    _row(
        "bad-text",
        422,
        "A text has a character that no identifier has",
        "文本中有标识符不允许的字符",
        "Leave out control characters and halves of surrogate pairs.",
        "请去掉控制字符和不完整的代理字符。",
    ),
    _row(
        "bad-tree-size",
        422,
        "The ledger never had that many events",
        "账本从未有过该数量的事件",
        "Sizes run from 0 to that of GET /v1/ledger/checkpoint; the later one isn't the smaller.",
        "数量应在 0 与 GET /v1/ledger/checkpoint 给出的数量之间，且后者不小于前者。",
    ),
    _row(
        "bad-node",
        422,
        "That is nothing that can be traced",
        "无法追溯该对象",
        "Batches, pallets and shipments can be traced.",
        "可以追溯批次、托盘和发货单。",
    ),
    _row(
        "bad-recall",
        422,
        "That is no cause of a recall",
        "召回起因无效",
        "Name one of orchard, input, room and line, and a span that doesn't end before it begins.",
        "请指定 orchard、input、room、line 之一，且时间段的结束不得早于开始。",
    ),
    _row(
        "bad-span",
        422,
        "The span ends before it begins",
        "时间段的结束早于开始",
        "`from` is the earlier time, `to` the later one.",
        "`from` 应为较早的时间，`to` 为较晚的时间。",
    ),
    _row(
        "bad-season",
        422,
        "That is no season",
        "没有该产季",
        "A season is named by the year in which it begins, such as 2025.",
        "产季以其开始的年份命名，例如 2025。",
    ),
    _row(
        "too-many-points",
        422,
        "The series would have too many points",
        "数据点过多",
        "Take a longer `every`, fewer fields or a shorter span.",
        "请加大 `every`、减少字段或缩短时间范围。",
    ),
    _row(
        "unknown-field",
        422,
        "No such telemetry kind or field",
        "没有该遥测类型或字段",
        "GET /v1/telemetry lists every kind and field.",
        "GET /v1/telemetry 列出全部类型和字段。",
    ),
    _row(
        "unsupported-aggregate",
        422,
        "That field can't be aggregated so",
        "该字段不支持此聚合方式",
        "Words have no mean: take aggregate=last or aggregate=count.",
        "文字字段没有平均值：请用 aggregate=last 或 aggregate=count。",
    ),
    _row(
        "unknown-asset",
        422,
        "The request names an asset that the park doesn't have",
        "请求中的资产不存在",
        "GET /v1/assets lists them.",
        "GET /v1/assets 列出全部资产。",
    ),
)

_MISSING = (
    _row(
        "asset-not-found",
        404,
        "No such asset",
        "没有该资产",
        "GET /v1/assets lists the park's assets.",
        "GET /v1/assets 列出园区全部资产。",
    ),
    _row(
        "no-telemetry",
        404,
        "This asset sends no telemetry",
        "该资产不发送遥测数据",
        "Only assets with a `kind` do; GET /v1/telemetry lists the kinds.",
        "只有带 `kind` 的资产才有遥测；GET /v1/telemetry 列出类型。",
    ),
    _row(
        "batch-not-found",
        404,
        "No such batch",
        "没有该批次",
        "Check the number on the label, or search for it on the first page.",
        "请核对标签上的批号，或在首页查询。",
    ),
    _row(
        "pallet-not-found",
        404,
        "No such pallet",
        "没有该托盘",
        "Check the 18 digits of the SSCC on the pallet's label.",
        "请核对托盘标签上的 18 位 SSCC。",
    ),
    _row(
        "shipment-not-found",
        404,
        "No such shipment",
        "没有该发货单",
        "GET /v1/shipments lists them.",
        "GET /v1/shipments 列出全部发货单。",
    ),
    _row(
        "event-not-found",
        404,
        "No such event",
        "没有该事件",
        "GET /v1/events lists them.",
        "GET /v1/events 列出全部事件。",
    ),
    _row(
        "node-not-found",
        404,
        "Nothing is known of that",
        "没有相关记录",
        "Check the number on the label, or search for it on the first page.",
        "请核对标签上的编号，或在首页查询。",
    ),
    _row(
        "no-checkpoint",
        404,
        "No checkpoint of that size was given out",
        "没有该数量的检查点",
        "Leave `size` out for the latest, or take the size of a checkpoint that you have.",
        "省略 `size` 取最新检查点，或填写您手中检查点的数量。",
    ),
    _row(
        "no-ledger-here",
        404,
        "This server keeps no ledger",
        "本服务器没有账本",
        "Ask the server that holds the traceability database.",
        "请向存放追溯数据库的服务器查询。",
    ),
    _row(
        "quarantine-entry-not-found",
        404,
        "No such quarantine entry",
        "没有该隔离记录",
        "GET /v1/quarantine lists them; old ones may have been discarded.",
        "GET /v1/quarantine 列出全部记录；旧记录可能已清除。",
    ),
    _row(
        "no-calibrations-here",
        404,
        "Corrections aren't kept on this server",
        "本服务器不保存校准记录",
        "Ask the server that has the data folder with calibration.db.",
        "请查询保存 calibration.db 的服务器。",
    ),
    _row(
        "correction-not-found",
        404,
        "No such correction",
        "没有此校准记录",
        "GET /v1/calibrations lists all of them.",
        "GET /v1/calibrations 列出全部校准记录。",
    ),
    _row(
        "correction-withdrawn",
        409,
        "That correction is withdrawn already",
        "该校准记录已撤销",
        "Nothing is left to do; a right correction is entered as a new one.",
        "无需再操作；正确的校准请另行登记。",
    ),
    _row(
        "invalid-correction",
        422,
        "The correction can't be meant",
        "校准数据不合理",
        "The detail says what is wrong; check the certificate's sign and unit.",
        "detail 说明问题所在；请核对证书中的正负号和单位。",
    ),
    _row(
        "no-ingest-here",
        404,
        "Nothing is known of ingest on this server",
        "本服务器没有采集服务的信息",
        "Ask where `agripark ingest` runs.",
        "请在运行 `agripark ingest` 的机器上查询。",
    ),
    _row(
        "alarm-not-found",
        404,
        "That alarm was never raised",
        "该报警从未触发",
        "GET /v1/alarms lists those that were; GET /v1/alarm-rules lists what can be.",
        "GET /v1/alarms 列出触发过的报警；GET /v1/alarm-rules 列出全部规则。",
    ),
    _row(
        "alarm-rule-not-found",
        404,
        "No such alarm rule",
        "无此报警规则",
        "GET /v1/alarm-rules lists all of them.",
        "GET /v1/alarm-rules 列出全部规则。",
    ),
    _row(
        "alarm-action-refused",
        409,
        "That can't be done to the alarm as it stands",
        "报警当前状态不允许该操作",
        "The detail says why; GET the alarm to see how it stands.",
        "原因见 detail；请查询报警当前状态。",
    ),
    _row(
        "device-not-heard",
        404,
        "Nothing ever came from that device",
        "从未收到该设备的数据",
        "See that it publishes, that its topic names the asset, and look into quarantine.",
        "请确认设备正在发布数据、主题中的资产编号正确，并查看隔离记录。",
    ),
    _row(
        "no-quarantine-here",
        404,
        "Quarantine isn't kept on this server",
        "本服务器不保存隔离记录",
        "Ask where `agripark ingest` runs.",
        "请在运行 `agripark ingest` 的机器上查询。",
    ),
)

_STEPS = (
    _row(
        "unknown-place",
        422,
        "The step can't happen there",
        "该步骤不能在此处发生",
        "`asset` must be one of the park's, of a type that fits the step: harvest at an orchard, "
        "store at a cold_room, sort at a sorting_line, palletise and ship at a packhouse, receive "
        "at a destination.",
        "`asset` 须为园区资产且类型与步骤相符：采收在果园，出入库在冷库，分选在分选线，"
        "装托和发货在包装厂，收货在目的地。",
    ),
    _row(
        "unknown-product",
        422,
        "The GTIN is none of the park's products",
        "GTIN 不属于园区产品",
        "Check the GTIN of the batch.",
        "请核对批次的 GTIN。",
    ),
    _row(
        "wrong-product",
        422,
        "The step can't be done with this product",
        "该产品不能进行此步骤",
        "Harvests are field-run fruit of the orchard's variety; sorting keeps the variety; only "
        "graded fruit is packed.",
        "采收的是该果园品种的统货；分选不改变品种；只有分级果可以装托。",
    ),
    _row(
        "unknown-batch",
        422,
        "The step names a batch that was never made",
        "步骤引用了不存在的批次",
        "Report the harvest or sorting run that made it first.",
        "请先上报产生该批次的采收或分选。",
    ),
    _row(
        "unknown-pallet",
        422,
        "The step names a pallet that was never packed",
        "步骤引用了不存在的托盘",
        "Report its palletising first; a pallet is received with the shipment that it left in.",
        "请先上报装托；收货时托盘须属于该发货单。",
    ),
    _row(
        "unknown-shipment",
        422,
        "The step names a shipment that never left",
        "步骤引用了不存在的发货单",
        "Report the shipping first, and receive it at its own destination.",
        "请先上报发货，并在其目的地收货。",
    ),
    _row(
        "batch-exists",
        409,
        "That batch exists already",
        "该批次已存在",
        "A lot number is used once for a product; take another.",
        "同一产品的批号只能使用一次，请更换。",
    ),
    _row(
        "pallet-exists",
        409,
        "That pallet was packed already",
        "该托盘已装托",
        "An SSCC is used once; take another.",
        "SSCC 只能使用一次，请更换。",
    ),
    _row(
        "pallet-gone",
        409,
        "That pallet has left already",
        "该托盘已发出",
        "Check the SSCC: a pallet is shipped once and received once.",
        "请核对 SSCC：托盘只发货一次、收货一次。",
    ),
    _row(
        "shipment-exists",
        409,
        "That number stands for another shipment",
        "该编号已用于其他发货单",
        "Take another shipment number.",
        "请更换发货单编号。",
    ),
    _row(
        "not-enough-mass",
        409,
        "More is taken than is left",
        "取用量超过余量",
        "The detail says how much is left; check the weight or report what is missing first.",
        "detail 给出余量；请核对重量，或先上报缺失的步骤。",
    ),
    _row(
        "mass-not-conserved",
        422,
        "What came out isn't what went in",
        "投入与产出质量不符",
        "Outputs and `loss_kg` must add up to the inputs within the tolerance that is set.",
        "产出与 `loss_kg` 之和须在容差内等于投入。",
    ),
    _row(
        "yield-exceeded",
        409,
        "The orchard can't bear so much",
        "超出果园的产量上限",
        "Area times the variety's ceiling is the most that an orchard gives in a season; "
        "GET /v1/balance/orchards/{asset} shows what is left.",
        "果园一季的产量不超过面积乘以品种亩产上限；GET /v1/balance/orchards/{asset} 显示余量。",
    ),
    _row(
        "time-travel",
        422,
        "The step happened in the future, or before its fruit existed",
        "步骤时间在未来，或早于果品存在之时",
        "Check the clock of the device and the order of the steps.",
        "请检查设备时钟和步骤顺序。",
    ),
    _row(
        "scan-id-reused",
        409,
        "The scan id came before with other content",
        "扫描编号已用于其他内容",
        "Give every scan an id of its own (UUIDv7) and repeat it only with the same content.",
        "每次扫描须有自己的编号（UUIDv7），重发时内容必须相同。",
    ),
    _row(
        "event-id-reused",
        409,
        "The event id came before with other content",
        "事件编号已用于其他内容",
        "Give every event an id of its own.",
        "每个事件须使用各自的编号。",
    ),
    _row(
        "step-refused",
        422,
        "The step can't be true",
        "步骤不成立",
        "The detail says what is wrong.",
        "detail 说明了原因。",
    ),
)

_SERVER = (
    _row(
        "database-unavailable",
        503,
        "The traceability database doesn't answer",
        "追溯数据库无响应",
        "Nothing was stored. Try again after the time in Retry-After.",
        "没有写入任何数据。请在 Retry-After 所示时间后重试。",
    ),
    _row(
        "database-full",
        507,
        "The disk of the traceability database is full",
        "追溯数据库所在磁盘已满",
        "Nothing was stored. Try again once the operator has made room.",
        "没有写入任何数据。请在运维人员腾出空间后重试。",
    ),
    _row(
        "busy",
        503,
        "More comes in than the server can hold",
        "服务器当前请求过多",
        "Nothing was stored. Try again after the time in Retry-After.",
        "没有写入任何数据。请在 Retry-After 所示时间后重试。",
    ),
    _row(
        "telemetry-unavailable",
        503,
        "The telemetry store doesn't answer",
        "遥测数据库无响应",
        "Try again after the time in Retry-After; batches can be looked up meanwhile.",
        "请在 Retry-After 所示时间后重试；期间仍可查询批次。",
    ),
    _row(
        "spool-unavailable",
        503,
        "What ingest keeps can't be read or changed",
        "无法读写采集端记录",
        "Try again after the time in Retry-After.",
        "请在 Retry-After 所示时间后重试。",
    ),
    _row(
        "ledger-broken",
        500,
        "The events aren't those that were signed",
        "事件与签名时不一致",
        "Someone changed the database. The operator runs agripark ledger verify to see what.",
        "数据库被改动。请运维人员运行 agripark ledger verify 查明。",
    ),
    _row(
        "ledger-unusable",
        503,
        "The ledger can't sign",
        "账本无法签名",
        "Its keys or its file of checkpoints can't be used; the server's log says why.",
        "密钥或检查点文件不可用，原因见服务器日志。",
    ),
    _row(
        "not-ready",
        503,
        "A part that the service needs is away",
        "服务所需的部件不可用",
        "`parts` says which one and why.",
        "`parts` 说明是哪个部件及原因。",
    ),
    _row(
        "internal-error",
        500,
        "The server made a mistake",
        "服务器内部错误",
        "It was written to the server's log. Please report what you did.",
        "错误已写入服务器日志，请告知您的操作。",
    ),
)

PROBLEM_TYPES: Mapping[str, ProblemType] = MappingProxyType(
    {row.slug: row for row in (*_REQUESTS, *_MISSING, *_STEPS, *_SERVER)}
)
"""Every kind of problem by its slug."""
