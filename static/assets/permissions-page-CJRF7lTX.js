<<<<<<<< HEAD:static/assets/permissions-page-CJRF7lTX.js
export{t as AddRoleDialog,n as PermissionsPage,r as rolesQuery}from"./permissions-page-zwZf_PXP.js";
========
export{t as AddRoleDialog,n as PermissionsPage,r as rolesQuery}from"./permissions-page-2KfFoivH.js";
>>>>>>>> pay:static/assets/permissions-page-BPjodS3b.js
