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
    stems = sorted(path.stem for path in (folder / "Annotations").glob("*.xml"))
    (folder / "ImageSets" / "Main" / "val.txt").write_text("".join(f"{stem}\n" for stem in stems))
    return folder


def write_as_coco(folder, photos, file="annotations/instances_bars.json", images="bars"):
    """Write photos with boxes as COCO has them; return what a recipe calls them."""
    content = {
        "categories": [{"id": n, "name": name} for n, name in enumerate(photos.classes)],
        "images": [],
        "annotations": [],
    }
    for part in (folder / images, (folder / file).parent):
        part.mkdir(parents=True, exist_ok=True)
    for n, (image, corners, labels) in enumerate(
        zip(photos.images, photos.corners, photos.labels, strict=True)
    ):
        height, width = image.shape[1:]
        name = f"{photos.ids[n]}.jpg"
        content["images"].append({"id": n, "file_name": name, "width": width, "height": height})
        for (x0, y0, x1, y1), label in zip(corners.tolist(), labels.tolist(), strict=True):
            box = [x0, y0, x1 - x0, y1 - y0]
            content["annotations"].append({"image_id": n, "category_id": label, "bbox": box})
        (folder / images / name).write_bytes(jpeg(image.permute(1, 2, 0)))
    (folder / file).write_text(json.dumps(content))
    return file


def write_as_voc(folder, photos, name="bars"):
    """Write photos with boxes as VOC has them; return what a recipe calls them."""
    for part in ("Annotations", "JPEGImages"):
        (folder / name / part).mkdir(parents=True, exist_ok=True)
    for n, image in enumerate(photos.images):
        said = f"<filename>{photos.ids[n]}.jpg</filename>"
        for box, label in zip(photos.corners[n].tolist(), photos.labels[n].tolist(), strict=True):
            sides = zip(("xmin", "ymin", "xmax", "ymax"), box, (1, 1, 0, 0), strict=True)
            corners = "".join(f"<{side}>{value + first}</{side}>" for side, value, first in sides)
            said += (
                f"<object><name>{photos.classes[label]}</name><bndbox>{corners}</bndbox></object>"
            )
        path = folder / name / "Annotations" / f"{photos.ids[n]}.xml"
        path.write_text(f"<annotation>{said}</annotation>")
        (folder / name / "JPEGImages" / f"{photos.ids[n]}.jpg").write_bytes(
            jpeg(image.permute(1, 2, 0))
        )
    return name
