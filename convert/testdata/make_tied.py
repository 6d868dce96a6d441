"""Makes tied.json: which names the models of the transformers that is installed tie to which. python3 make_tied.py > tied.json"""
import importlib
import inspect
import json
import pkgutil

import transformers

rows = {}
for module in pkgutil.walk_packages(transformers.models.__path__, "transformers.models."):
    if ".modeling_" not in module.name:
        continue
    try:
        found = vars(importlib.import_module(module.name)).items()
    except ImportError:
        continue
    for name, model in sorted(found):
        if inspect.isclass(model) and issubclass(model, transformers.PreTrainedModel) and model.__module__ == module.name:
            keys = getattr(model, "_tied_weights_keys", None)
            sources = {}
            for tied, source in (keys if isinstance(keys, dict) else {}).items():
                if not set("\\^$(") & set(tied + source):  # patterns are left out
                    sources.setdefault(source, []).append(tied)
            for source, tied in sources.items():
                rows.setdefault((source, tuple(sorted(tied))), name)
lines = [json.dumps({"class": c, "source": s, "tied": t}) for (s, t), c in sorted(rows.items(), key=lambda row: (row[1], row[0]))]
print("[\n" + ",\n".join(lines) + "\n]")
