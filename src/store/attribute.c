#include "handle.h"

#include "coracle/memory.h"

#include <stdio.h>
#include <string.h>

enum { OBJECT_SIZE = 256 };

/* "group/attribute" as its two halves; the root is ".". */
static const char *split_name(const char *name, char object[OBJECT_SIZE])
{
    while (*name == '/')
        name++;
    const char *slash = strrchr(name, '/');
    int length = slash ? (int)(slash - name) : 0;
    if (length == 0 || length >= OBJECT_SIZE)
        strcpy(object, ".");
    else
        snprintf(object, OBJECT_SIZE, "%.*s", length, name);
    return slash ? slash + 1 : name;
}

bool cor_hdf5_exists(hid_t file, hid_t link, const char *path)
{
    char part[OBJECT_SIZE];
    if (strcmp(path, ".") == 0)
        return true;
    for (const char *end = path; end;) {
        end = strchr(end + 1, '/');
        size_t length = end ? (size_t)(end - path) : strlen(path);
        if (length >= sizeof part)
            return false;
        snprintf(part, sizeof part, "%.*s", (int)length, path);
        if (H5Lexists(file, part, link) <= 0)
            return false;
    }
    return true;
}

static herr_t make_group(const cor_file *file, const char *path)
{
    hid_t group =
        H5Gcreate2(file->id, path, H5P_DEFAULT, file->group, H5P_DEFAULT);
    return group < 0 ? -1 : H5Gclose(group);
}

herr_t cor_hdf5_make_groups(const cor_file *file, const char *path)
{
    char part[OBJECT_SIZE];
    for (const char *slash = strchr(path + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        if (slash - path >= OBJECT_SIZE)
            return -1;
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (!cor_hdf5_exists(file->id, file->link, part) &&
            make_group(file, part) < 0)
            return -1;
    }
    return 0;
}

static herr_t put_raw(const cor_file *file, const char *object,
                      const char *attribute, hid_t type, hid_t memory,
                      hid_t space, const void *value)
{
    if (!cor_hdf5_exists(file->id, file->link, object) &&
        (cor_hdf5_make_groups(file, object) < 0 ||
         make_group(file, object) < 0))
        return -1;
    htri_t there = H5Aexists_by_name(file->id, object, attribute, file->link);
    if (there < 0 || (there && H5Adelete_by_name(file->id, object, attribute,
                                                 H5P_DEFAULT) < 0))
        return -1;
    hid_t id = H5Acreate_by_name(file->id, object, attribute, type, space,
                                 H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (id < 0)
        return -1;
    herr_t done = H5Awrite(id, memory, value);
    H5Aclose(id);
    return done;
}

static int cannot_put(const cor_file *file, const char *name)
{
    return cor_hdf5_fail(COR_EIO, "cannot write attribute %s of %s", name,
                         file->path);
}

/* What a rank makes for itself is there on all of them before they write
   together. */
static int put(cor_file *file, const char *name, hid_t type, hid_t memory,
               const void *value)
{
    char object[OBJECT_SIZE];
    const char *attribute = split_name(name, object);
    hid_t space = type < 0 ? H5I_INVALID_HID : H5Screate(H5S_SCALAR);
    int rc = space < 0 ? cannot_put(file, name) : COR_OK;
    rc = cor_agree(file->team, rc);
    if (rc == COR_OK) {
        if (put_raw(file, object, attribute, type, memory, space, value) < 0)
            rc = cannot_put(file, name);
        rc = cor_agree(file->team, rc);
    }
    if (space >= 0)
        H5Sclose(space);
    return rc;
}

int cor_file_put_int64(cor_file *file, const char *name, int64_t value)
{
    return put(file, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

int cor_file_put_double(cor_file *file, const char *name, double value)
{
    return put(file, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

/* UTF-8 of `size` bytes with the final zero; negative if HDF5 has no room. */
static hid_t text_type(size_t size)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0 || (H5Tset_size(type, size) >= 0 &&
                     H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
                     H5Tset_strpad(type, H5T_STR_NULLTERM) >= 0))
        return type;
    H5Tclose(type);
    return H5I_INVALID_HID;
}

int cor_file_put_text(cor_file *file, const char *name, const char *value)
{
    hid_t type = text_type(strlen(value) + 1);
    int rc = put(file, name, type, type, value);
    if (type >= 0)
        H5Tclose(type);
    return rc;
}

static int missing(const char *path, const char *name, const char *what)
{
    return cor_fail(COR_EDATA,
                    "%s is damaged: its attribute %s is %s: make it again",
                    path, name, what);
}

/* Open an attribute whose class is one of two. */
static int open_attribute(hid_t file, hid_t link, const char *path,
                          const char *name, H5T_class_t one, H5T_class_t other,
                          hid_t *id)
{
    char object[OBJECT_SIZE];
    const char *attribute = split_name(name, object);
    *id = H5I_INVALID_HID;
    if (!cor_hdf5_exists(file, link, object) ||
        H5Aexists_by_name(file, object, attribute, link) <= 0)
        return missing(path, name, "missing");
    *id = H5Aopen_by_name(file, object, attribute, H5P_DEFAULT, link);
    if (*id < 0)
        return cor_hdf5_fail(COR_EDATA, "cannot read attribute %s of %s", name,
                             path);
    hid_t type = H5Aget_type(*id), space = H5Aget_space(*id);
    H5T_class_t class = H5Tget_class(type);
    bool fits = (class == one || class == other) &&
                H5Sget_simple_extent_npoints(space) == 1 &&
                H5Tis_variable_str(type) <= 0;
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (fits)
        return COR_OK;
    H5Aclose(*id);
    return missing(path, name, "of another type");
}

static int read_number(hid_t file, hid_t link, const char *path,
                       const char *name, bool real, void *value)
{
    hid_t id;
    COR_TRY(open_attribute(file, link, path, name, H5T_INTEGER,
                           real ? H5T_FLOAT : H5T_INTEGER, &id));
    hid_t memory = real ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
    int rc = COR_OK;
    if (H5Aread(id, memory, value) < 0)
        rc = cor_hdf5_fail(COR_EIO, "cannot read attribute %s of %s", name,
                           path);
    H5Aclose(id);
    return rc;
}

int cor_attribute_int64(hid_t file, hid_t link, const char *path,
                        const char *name, int64_t *value)
{
    return read_number(file, link, path, name, false, value);
}

int cor_attribute_text(hid_t file, hid_t link, const char *path,
                       const char *name, char *value, size_t size)
{
    hid_t id;
    COR_TRY(
        open_attribute(file, link, path, name, H5T_STRING, H5T_STRING, &id));
    int rc = COR_OK;
    hid_t type = text_type(size);
    if (H5Aread(id, type, value) < 0)
        rc = cor_hdf5_fail(COR_EIO, "cannot read attribute %s of %s", name,
                           path);
    if (type >= 0)
        H5Tclose(type);
    H5Aclose(id);
    return rc;
}

int cor_file_get_int64(const cor_file *file, const char *name, int64_t *value)
{
    return cor_agree(file->team, read_number(file->id, file->link, file->path,
                                             name, false, value));
}

int cor_file_get_double(const cor_file *file, const char *name, double *value)
{
    return cor_agree(file->team, read_number(file->id, file->link, file->path,
                                             name, true, value));
}

int cor_file_get_text(const cor_file *file, const char *name, char *value,
                      size_t size)
{
    return cor_agree(file->team,
                     cor_attribute_text(file->id, file->link, file->path, name,
                                        value, size));
}

bool cor_file_has_attribute(const cor_file *file, const char *name)
{
    char object[OBJECT_SIZE];
    const char *attribute = split_name(name, object);
    int64_t there =
        cor_hdf5_exists(file->id, file->link, object) &&
        H5Aexists_by_name(file->id, object, attribute, file->link) > 0;
    cor_team_min(file->team, &there, 1);
    return there;
}
