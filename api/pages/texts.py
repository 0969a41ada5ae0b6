"""Every wording of the pages, in both languages; `{name}` stands for what is filled in."""

from collections.abc import Mapping
from types import MappingProxyType

from park.telemetry import Text
from traceability.views import BatchStatus

TEXTS: Mapping[str, Text] = MappingProxyType(
    {
        "brand": Text("agripark", "agripark"),
        "tagline": Text("Where every exported batch came from", "每一批出口果品的来路"),
        "skip": Text("Skip to content", "跳到正文"),
        "other_language": Text("中文", "English"),
        "switch_language": Text("切换到中文", "Switch to English"),
        "print_hint": Text("Printed from", "打印自"),
        "time_note": Text(
            "All times are China Standard Time (UTC+8).", "时间均为北京时间（UTC+8）。"
        ),
        "interface": Text("Programming interface", "编程接口"),
        "interface_lead": Text(
            "What programs can ask for and report over HTTP.",
            "程序可通过 HTTP 查询和上报的内容（英文）。",
        ),
        "as_json": Text("This page as JSON", "本页 JSON 数据"),
        "as_epcis": Text("Events (EPCIS 2.0)", "事件（EPCIS 2.0）"),
        # Home
        "home_title": Text("Look up a batch", "查询批次"),
        "home_lead": Text(
            "Type the number on the carton, or search by orchard, destination and harvest.",
            "输入箱上的批号，或按果园、目的地和采收日期查询。",
        ),
        "number": Text("Batch or pallet number", "批号或托盘号"),
        "number_hint": Text(
            "Lot, GTIN, SSCC or the whole code: a part of the lot is enough",
            "批号、GTIN、SSCC 或完整编码；批号可只输入一部分",
        ),
        "orchard": Text("Orchard", "果园"),
        "orchard_hint": Text("Name, id or registration number", "名称、编号或注册号"),
        "destination": Text("Destination", "目的地"),
        "any": Text("Any", "不限"),
        "harvested_from": Text("Harvested from", "采收日期起"),
        "harvested_until": Text("Harvested until", "采收日期止"),
        "search": Text("Search", "查询"),
        "clear": Text("Clear", "清除"),
        "results": Text("Batches found", "查询结果"),
        "recent": Text("Latest batches", "最新批次"),
        "no_results": Text("No batch fits.", "没有符合条件的批次。"),
        "no_results_hint": Text(
            "Check the number, or leave out a criterion.", "请核对批号，或减少查询条件。"
        ),
        "nothing_yet": Text(
            "No batch has been harvested yet. It appears here with its first scan.",
            "尚无采收记录，首次扫描后将显示在此。",
        ),
        "more": Text("More batches", "更多批次"),
        "bad_date": Text("This is no date: write 2025-10-31.", "日期无效，请写作 2025-10-31。"),
        "bad_orchard": Text("There is no such orchard.", "没有该果园。"),
        "bad_destination": Text("There is no such destination.", "没有该目的地。"),
        "bad_token": Text("The list has moved on; search again.", "列表已更新，请重新查询。"),
        "totals": Text("In the records", "记录总数"),
        "total_batches": Text("batches", "批次"),
        "total_pallets": Text("pallets", "托盘"),
        "total_shipments": Text("shipments", "发货"),
        "total_events": Text("events", "事件"),
        # Columns
        "batch": Text("Batch", "批次"),
        "product": Text("Product", "产品"),
        "lot": Text("Lot", "批号"),
        "gtin": Text("GTIN", "GTIN"),
        "mass": Text("Mass", "质量"),
        "status": Text("Status", "状态"),
        "harvested": Text("Harvested", "采收"),
        "made": Text("Made", "形成时间"),
        "registration": Text("Registration", "备案号"),
        "grower": Text("Grower", "种植主体"),
        "township": Text("Township", "乡镇"),
        "share": Text("Share", "占比"),
        "room": Text("Cold room", "冷库"),
        "since": Text("In", "入库"),
        "until": Text("Out", "出库"),
        "still_there": Text("still there", "在库"),
        "setpoint": Text("Set-point", "设定温度"),
        "samples": Text("Readings", "读数"),
        "mean_and_range": Text("mean, lowest … highest", "平均，最低…最高"),
        "air": Text("Air", "空气"),
        "pulp": Text("Pulp", "果心"),
        "air_range": Text("Air, lowest to highest", "空气温度范围"),
        "air_mean": Text("Air, mean", "空气平均"),
        "pulp_mean": Text("Pulp, mean", "果心平均"),
        "pallet": Text("Pallet", "托盘"),
        "shipment": Text("Shipment", "发货单"),
        "container": Text("Container", "集装箱"),
        "shipped": Text("Shipped", "发货"),
        "received": Text("Received", "收货"),
        "on_its_way": Text("on its way", "运输中"),
        "not_shipped": Text("not shipped yet", "尚未发货"),
        "packed": Text("Packed", "装托"),
        "packed_by": Text("Packed at", "装托地点"),
        "from_place": Text("From", "发出地"),
        "none": Text("none", "无"),
        # Batch page
        "batch_title": Text("{product}, lot {lot}", "{product} 批号 {lot}"),
        "mass_made": Text("Mass when made", "形成时质量"),
        "in_stock": Text("of it still in stock", "其中在库"),
        "origin": Text("Origin", "产地"),
        "origin_more": Text("and {n} more orchards", "另有 {n} 个果园"),
        "origin_one_more": Text("and one more orchard", "另有 1 个果园"),
        "cold_storage": Text("Cold storage", "冷藏"),
        "sorting": Text("Sorting", "分选"),
        "journey": Text("From orchard to buyer", "从果园到买家"),
        "orchards": Text("Orchards", "果园"),
        "orchards_lead": Text(
            "Harvests that this batch was made of, and the mass that each gave to it.",
            "构成本批次的采收及其质量。",
        ),
        "rooms_lead": Text(
            "Where the fruit lay, and what the room's sensors measured meanwhile.",
            "果品的存放冷库，以及存放期间传感器的测量值。",
        ),
        "days": Text("{n} days", "{n} 天"),
        "hours": Text("{n} h", "{n} 小时"),
        "no_readings": Text("No readings of this room over this time.", "该时段没有此冷库的读数。"),
        "unavailable": Text(
            "Temperatures can't be read just now; try again in a moment.",
            "暂时无法读取温度，请稍后再试。",
        ),
        "chart_title": Text("Temperature in {room}", "{room}温度"),
        "chart_text": Text(
            "Air temperature between {low} and {high}, {mean} on average.",
            "空气温度 {low} 至 {high}，平均 {mean}。",
        ),
        "line": Text("Sorting line", "分选线"),
        "inputs": Text("In", "投入"),
        "outputs": Text("Out", "产出"),
        "loss": Text("Leaves, dirt and dried-up mass", "枝叶、杂质及失水"),
        "this_batch": Text("this batch", "本批次"),
        "pallets": Text("Pallets", "托盘"),
        "shipments": Text("Shipments", "发货"),
        "nothing_stored": Text("It didn't lie in a cold room.", "未经冷库存放。"),
        "nothing_sorted": Text("It wasn't sorted.", "未经分选。"),
        "nothing_packed": Text("Nothing of it is on a pallet.", "尚未装托。"),
        "nothing_shipped": Text("Nothing of it has left.", "尚未发货。"),
        "scan_me": Text("Scan to open this page", "扫码打开本页"),
        # Journey
        "step_harvest": Text("Harvested", "采收"),
        "step_store_in": Text("Into cold storage", "入库冷藏"),
        "step_store_out": Text("Out of cold storage", "出库"),
        "step_sort": Text("Sorted", "分选"),
        "step_palletise": Text("Packed on pallets", "装托"),
        "step_ship": Text("Shipped", "发货"),
        "step_receive": Text("Received", "收货"),
        "n_harvests": Text("{n} harvests", "{n} 次采收"),
        "n_pallets": Text("{n} pallets", "{n} 托"),
        "to_place": Text("to {place}", "发往{place}"),
        # Pallet page
        "pallet_title": Text("Pallet {sscc}", "托盘 {sscc}"),
        "contents": Text("Contents", "装载内容"),
        # Problems
        "problem_types": Text("Problem types", "问题类型一览"),
        "problem_type": Text("Problem type", "问题类型"),
        "http_status": Text("HTTP status", "HTTP 状态码"),
        "what_to_do": Text("What to do", "处理办法"),
        "details": Text("Details", "详情"),
        "back_home": Text("Look up a batch", "查询批次"),
    }
)
"""Every wording by its key."""

STATUS: Mapping[BatchStatus, Text] = MappingProxyType(
    {
        BatchStatus.IN_STOCK: Text("In stock", "在库"),
        BatchStatus.USED: Text("Sorted or used", "已分选"),
        BatchStatus.PACKED: Text("Packed", "已装托"),
        BatchStatus.SHIPPED: Text("Shipped", "已发货"),
    }
)
"""How a batch's status is worded."""
