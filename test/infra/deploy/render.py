"""Renders the chart with Helm's own library, lints it, and checks the manifests against the schemas of Kubernetes.

Reads a JSON line from standard input: {chart, values, versions}; prints {manifests, notes, lint, invalid} or {refused}.
"""
import json
import sys

import helm_python as helm
import kubernetes_validate
import yaml

asked = json.loads(sys.stdin.readline())
chart, values = asked["chart"], asked["values"]

try:
    with helm.Chart.load(chart) as loaded:
        loaded.validate_schema(values)
        rendered = loaded.render(values, name="demo", namespace="prod")
except helm.HelmError as error:
    print(json.dumps({"refused": str(error)}))
    sys.exit()

manifests = []
for path in sorted(rendered):
    if path.endswith(".yaml"):
        manifests += [one for one in yaml.safe_load_all(rendered[path]) if one]
manifests += asked.get("more", [])

invalid, unchecked = [], []
for one in manifests:
    for version in asked["versions"]:
        try:
            kubernetes_validate.validate(one, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            place = ".".join(str(part) for part in error.path)
            invalid.append(f"{one['kind']} in {version}: {place}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError:
            unchecked.append(one["kind"])

lint = helm.lint(chart, values, strict=True)
print(json.dumps({
    "manifests": manifests,
    "notes": next(text for path, text in rendered.items() if path.endswith("NOTES.txt")),
    "lint": [message["error"] for message in lint["messages"] if message["severity"] > 1] + lint["errors"],
    "invalid": invalid,
    "unchecked": sorted(set(unchecked)),
}))
