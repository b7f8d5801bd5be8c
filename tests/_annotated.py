"""Tiny sets of photos with boxes, in the forms that eden reads."""

import json

from _pictures import jpeg, plain, write_parquet

CLASSES = ["person", "dog"]


def write_photos(folder, boxes, labels, classes=CLASSES, **more):
    images = [jpeg(plain(90, (40, 80))) for _ in boxes]
    columns = {"image": images, "boxes": boxes, "labels": labels, **more}
    return write_parquet(folder / "photos.parquet", columns, classes)


def write_coco(folder, **changed):
    content = {
        "categories": [{"id": 9, "name": "dog"}, {"id": 3, "name": "cat"}],
        "images": [{"id": 7, "file_name": "7.jpg"}],
        "annotations": [
            {"image_id": 7, "category_id": 9, "bbox": [5, 4, 10, 8]},
            {"image_id": 7, "category_id": 3, "bbox": [0, 0, 30, 20], "iscrowd": 1},
        ],
        **changed,
    }
    for each in content["images"] if isinstance(content["images"], list) else []:
        if isinstance(each, dict) and "file_name" in each and each["file_name"] != "nowhere.jpg":
            (folder / str(each["file_name"])).write_bytes(jpeg(plain(50, (20, 30))))
    path = folder / "coco.json"
    path.write_text(json.dumps(content))
    return path


VOC = """<annotation><filename>a.jpg</filename>
<object><name>dog</name>
<bndbox><xmin>6</xmin><ymin>5</ymin><xmax>15</xmax><ymax>12</ymax></bndbox></object>
<object><name>cat</name><difficult>1</difficult>
<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>30</xmax><ymax>20</ymax></bndbox></object>
</annotation>"""


def write_voc(folder, text=VOC, name="a"):
    for part in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    content = text if isinstance(text, bytes) else text.encode()
    (folder / "Annotations" / f"{name}.xml").write_bytes(content)
    (folder / "JPEGImages" / f"{name}.jpg").write_bytes(jpeg(plain(50, (20, 30))))
    (folder / "ImageSets" / "Main" / "val.txt").write_text("a\nb\n")
    return folder
